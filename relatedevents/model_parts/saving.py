"""Saving: a fitted model written as a folder, and read from one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from relatedevents.model_parts.updating import UpdatingMixin
from relatedevents.weights import Weights


class SavingMixin(UpdatingMixin):
    """Adds `save` and `load` to the model."""

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the fitted model as a folder of arrays and JSON; no pickle.

        The neighbours of every event are found first if no list was asked for yet, so that a
        model that is loaded answers at once.

        Parameters
        ----------
        folder : path
            A new or empty folder, or a saved model, which is replaced.
        """
        from relatedevents import store
        from relatedevents.model_parts import learned

        self._check_fitted()
        self._neighbourhoods()
        contents = learned.into(self._with_lists(self._index().contents()), self)
        contents.settings["model"] = {
            "encoder": self._encoder_name,
            "weights": self.weights.to_dict(),
            "n_related": self.n_related,
            "engine": self.engine,
            "tag_aliases": None if self.tag_aliases is None else dict(self.tag_aliases),
            "block_size": self.block_size,
        }
        return store.save(folder, contents)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str], *, encoder: object = None, mmap: bool = True
    ) -> Self:
        """Read a model that `save` wrote.

        Parameters
        ----------
        folder : path
            The saved model.
        encoder : str or object, optional
            The encoder of the fit, where it was an object; a static one lies in the folder, a
            named one is found by its name when a new event is first asked about.
        mmap : bool
            Whether the arrays stay on disk until they are used.

        Raises
        ------
        StoreError
            If the folder is damaged, of another format, or `encoder` gives other vectors.
        """
        from relatedevents import store
        from relatedevents.encoders import resolve_encoder
        from relatedevents.index.index import Index
        from relatedevents.model_parts import learned
        from relatedevents.retrieval.list_cache import KeptLists

        contents = store.load(folder, mmap=mmap)
        with store.as_store_error(folder):
            index = Index.from_contents(contents)
            encoder = learned.encoder_of(contents) if encoder is None else encoder
            kept = KeptLists.of_contents(contents, len(index))
            saved = contents.settings["model"]
            model = cls(
                encoder=saved["encoder"] if encoder is None else encoder,
                weights=Weights.from_dict(saved["weights"]),
                n_related=saved["n_related"],
                engine=saved["engine"],
                tag_aliases=saved["tag_aliases"],
                block_size=saved["block_size"],
            )
            learned.tell(model, contents)
        resolved = None if encoder is None else resolve_encoder(encoder)
        if resolved is not None:
            index.check_encoder(resolved)
        model._set_fitted(index, resolved)
        model._encoder_name, model._kept = saved["encoder"], kept
        return model
