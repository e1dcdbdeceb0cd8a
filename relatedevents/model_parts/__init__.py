"""The public methods of the model, by what they are for."""
