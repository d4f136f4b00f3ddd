"""The datasets by name: what is known of each before a byte is loaded."""

from dataclasses import dataclass

from core.errors import UsageError


@dataclass(frozen=True)
class DatasetSpec:
    """What is fixed about a dataset.

    Attributes:
        name: what configs and the command line call it.
        title: what pages call it.
        train_size: digits in the training part, validation included.
        test_size: digits in the test part.
        source: who made it.
    """

    name: str
    title: str
    train_size: int
    test_size: int
    source: str


DATASETS = (
    DatasetSpec("mnist", "MNIST", 60_000, 10_000, "LeCun, Cortes and Burges, The MNIST database of handwritten digits"),
    DatasetSpec(
        "sklearn-digits",
        "scikit-learn digits",
        1_437,
        360,
        "Alpaydin and Kaynak, Optical recognition of handwritten digits (UCI), as bundled with scikit-learn",
    ),
)


def get_dataset_spec(name: str) -> DatasetSpec:
    """Return the dataset of that name.

    Raises:
        UsageError: if there is none; the message lists the valid names.
    """
    for spec in DATASETS:
        if spec.name == name:
            return spec
    raise UsageError(f"There is no dataset '{name}'; choose one of {', '.join(spec.name for spec in DATASETS)}.")
