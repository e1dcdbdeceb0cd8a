"""Learned: what a saved model holds of tuning, calibrating and adapting, and its own encoder."""

from __future__ import annotations

from dataclasses import replace

from relatedevents.calibration import Calibration
from relatedevents.encoders import Encoder, is_static, static_of_parts, static_parts
from relatedevents.learning.adaptation import Adaptation
from relatedevents.learning.tuning_report import Tuning
from relatedevents.retrieval.fitted import FittedModel
from relatedevents.store import Contents

_REPORTS: dict[str, type[Tuning] | type[Adaptation] | type[Calibration]] = {
    "calibration": Calibration,
    "tuning": Tuning,
    "adaptation": Adaptation,
}
_ENCODER = "encoder"


def into(contents: Contents, model: FittedModel) -> Contents:
    """Return what a saved model holds, with its reports and, if it has no name, its encoder.

    Only a static encoder is arrays and settings; any other object is given again to `load`.
    """
    settings = dict(contents.settings)
    for name in _REPORTS:
        report = getattr(model, f"{name}_", None)
        if report is not None:
            settings[name] = report.to_dict()
    if model.encoder_ is None or model._encoder_name is not None or not is_static(model.encoder_):
        return replace(contents, settings=settings)
    found, settings[_ENCODER] = static_parts(model.encoder_)
    arrays = {f"{_ENCODER}_{name}": array for name, array in found.items()}
    return replace(contents, settings=settings, arrays={**contents.arrays, **arrays})


def encoder_of(contents: Contents) -> Encoder | None:
    """Return the encoder that a saved model holds, or None.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a part of it is missing, or of another form.
    """
    settings = contents.settings.get(_ENCODER)
    if settings is None:
        return None
    start = f"{_ENCODER}_"
    arrays = {
        name.removeprefix(start): array
        for name, array in contents.arrays.items()
        if name.startswith(start)
    }
    return static_of_parts(arrays, settings)


def tell(model: FittedModel, contents: Contents) -> None:
    """Give a model the reports of its saved form, as its attributes.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a field is missing, unknown, or of another form.
    """
    for name, kind in _REPORTS.items():
        if name in contents.settings:
            setattr(model, f"{name}_", kind.from_dict(contents.settings[name]))
