"""Everything that can go wrong in a way a person can mend.

    CoreError                     base; one plain sentence: what, where, what to do
    ├── UsageError                wrong use: exit status 2 on the command line
    │   ├── ConfigError           a setting is unknown, out of range, or contradicts another
    │   ├── RunNotFoundError      no run, or several, answer to that name
    │   └── ImageError            a picture cannot be read, or shows no digit
    ├── DataError                 a dataset is missing, damaged, or cannot be downloaded
    ├── RunError                  a run folder is unreadable, or in a state that forbids the request
    ├── CheckpointError           weights are missing, damaged, or do not fit the network
    ├── TrainingError             training cannot go on (for example a loss that is not finite)
    └── ShapeError                arrays whose shapes do not belong together

Callers catch `CoreError` alone, show its message and stop. Anything else is a bug and shows as one.
"""


class CoreError(Exception):
    """A failure that its message explains to a person."""

    exit_code = 1


class UsageError(CoreError):
    """The request itself is wrong; nothing was changed."""

    exit_code = 2


class ConfigError(UsageError):
    """One or more settings are wrong; `problems` holds a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems))


class RunNotFoundError(UsageError):
    """No run, or more than one, answers to a reference."""


class ImageError(UsageError):
    """A picture cannot be read or shows no ink."""


class DataError(CoreError):
    """A dataset is missing, damaged, or cannot be downloaded."""


class RunError(CoreError):
    """A run folder is unreadable, or its state forbids the request."""


class CheckpointError(CoreError):
    """Weights are missing, damaged, or do not fit the network."""


class TrainingError(CoreError):
    """Training cannot go on."""


class ShapeError(CoreError):
    """Arrays whose shapes do not belong together."""
