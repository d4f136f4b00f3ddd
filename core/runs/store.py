"""Run folders: create, find, list, read, delete. See the README for what each file of a run holds."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core import paths, processes
from core.config import TrainConfig, parse_config
from core.errors import ConfigError, RunError, RunNotFoundError
from core.files import check_links, read_json, write_json
from core.runs.notes import NAME_LENGTH, change_notes, collapse, read_notes
from core.runs.versions import migrate_record

if TYPE_CHECKING:
    from collections.abc import Callable

Status = Literal["queued", "running", "completed", "stopped", "failed"]
State = Literal["queued", "running", "completed", "stopped", "failed", "lost"]

# A launched process writes its pid into run.json within this time, or it never will.
LAUNCH_GRACE_S = 30.0

# Whole numbers that tables and the browser take as they are.
Count = Annotated[int, Field(ge=0, le=2**53)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class RunRecord(BaseModel):
    """What run.json says, with what notes.json says laid over it. Times are ISO 8601 in UTC, accuracies fractions.

    `status` is what the trainer last wrote; `compute_state` also knows whether the trainer still lives. `tags` and
    `note` are in notes.json alone. `members` are the ids of an ensemble's runs, empty for a trained run. `process`
    is the mark of the process `pid`; `weights` is the SHA-256 of the model.safetensors that was evaluated.
    """

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    version: Literal[2] = 2
    id: str
    name: str = ""
    tags: list[str] = Field(default_factory=list)
    note: str = ""
    recipe: str
    model: str
    dataset: str
    dataset_checksum: str = ""
    status: Status = "queued"
    phase: Literal["", "waiting", "preparing", "training", "evaluating"] = ""
    created: str = Field(min_length=1)
    launched: str = ""
    started: str = ""
    finished: str = ""
    heartbeat: str = ""
    pid: int | None = None
    process: str = ""
    seed: Count = 0
    device: str = ""
    threads: Count = 0
    versions: dict[str, str] = Field(default_factory=dict)
    git_commit: str = ""
    parameters: Count = 0
    step: Count = 0
    total_steps: Count = 0
    train_seconds: float = Field(0.0, ge=0)
    validation_accuracy: Fraction | None = None
    best_validation_accuracy: Fraction | None = None
    test_correct: Count | None = None
    test_total: Count | None = None
    weights: str = ""
    error: str = ""
    members: list[str] = Field(default_factory=list)

    @field_validator("created", "launched", "started", "finished", "heartbeat")
    @classmethod
    def _check_time(cls, text: str) -> str:
        if text:
            time = datetime.fromisoformat(text)
            if time.tzinfo is None:
                raise ValueError("a time without its zone")
            if not 1970 <= time.year < 9999:
                raise ValueError("a time before 1970 or after 9998")
        return text

    @field_validator("members")
    @classmethod
    def _check_members(cls, names: list[str]) -> list[str]:
        if any(not name or name.startswith(".") or name != Path(name).name for name in names):
            raise ValueError("a member that is no run's id")
        return names

    @model_validator(mode="after")
    def _check_result(self) -> Self:
        if (self.test_correct or 0) > (self.test_total or 0):
            raise ValueError("more digits right than there are")
        return self

    @property
    def is_named_by_id(self) -> bool:
        """Whether its id is a name, as that of a run which came with the project, and no time."""
        return not self.id[:8].isdecimal()

    @property
    def title(self) -> str:
        """What it is called: its name, else its id if that is one, else its recipe."""
        return self.name or (self.id if self.is_named_by_id else self.recipe)


@dataclass(frozen=True)
class Run:
    """A run folder.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def pretrained(self) -> bool:
        """Whether it came with the project."""
        return self.path.parent == paths.pretrained_dir()


@dataclass(frozen=True)
class RunEntry:
    """A run as a list shows it.

    Attributes:
        run: the folder.
        record: its run.json; None if unreadable.
        state: status, or "lost"; None if unreadable.
        problem: why it is unreadable, else "".
    """

    run: Run
    record: RunRecord | None
    state: State | None
    problem: str = ""


def now() -> str:
    """Return the present time as run.json writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def create_folder(kind: str, fill: Callable[[Run, str], None]) -> Run:
    """Make a run folder under a new id; nobody sees it before it is filled.

    Args:
        kind: part of the id: a recipe, or "ensemble".
        fill: writes run.json and the rest into the folder that it is given, for the id that it is given.

    Raises:
        RunError: if it cannot be made.
    """
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    slug = re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-")[:40] or "run"
    while True:
        run = Run(paths.runs_dir() / f"{stamp}-{slug}-{secrets.token_hex(2)}")
        draft = Run(run.path.with_name(f".new-{run.id}"))
        try:
            draft.path.mkdir(parents=True)
            if run.path.exists():
                continue  # a batch makes many runs within a second
            fill(draft, run.id)
            draft.path.rename(run.path)
        except FileExistsError:
            if not draft.path.is_dir():
                raise RunError(f"{run.path.parent} is not a folder; move it away.") from None
            continue
        except OSError as error:
            raise RunError(
                f"{run.path} could not be made ({error.strerror or error}); check the disk and its permissions."
            ) from None
        finally:
            shutil.rmtree(draft.path, ignore_errors=True)
        return run


def clean_name(name: str) -> str:
    """Return a name as it is kept: on one line, its first 80 characters."""
    return collapse(name)[:NAME_LENGTH].strip()


def create_run(config: TrainConfig, recipe: str, name: str = "") -> Run:
    """Make a folder for a new run with its config.json and a queued run.json.

    Args:
        config: the settings to keep.
        recipe: name of the recipe they started from.
        name: what the person calls it; "" for none.

    Raises:
        RunError: if the folder cannot be made, or there is no run to learn from of the name that the config gives.
    """
    if config.loss.teacher:
        try:
            find_member(config.loss.teacher)
        except RunNotFoundError as error:
            raise RunNotFoundError(
                f"There is nothing to learn from: {error} Name a run in full in loss.teacher, or leave it empty."
            ) from None

    def fill(draft: Run, name_of_run: str) -> None:
        write_json(draft.path / "config.json", config.model_dump())
        record = RunRecord(
            id=name_of_run,
            name=clean_name(name),
            recipe=recipe,
            model=config.model.name,
            dataset=config.data.dataset,
            created=now(),
            seed=config.runtime.seed,
            total_steps=config.total_steps,
        )
        write_record(draft, record)

    return create_folder(recipe, fill)


def write_record(run: Run, record: RunRecord) -> None:
    """Write run.json, atomically; tags and note are not part of it."""
    write_json(run.path / "run.json", record.model_dump(exclude={"tags", "note"}))


def read_record(run: Run) -> RunRecord:
    """Read run.json, and lay over it what a person wrote in notes.json; files that have not changed are not read again.

    Raises:
        RunError: if run.json is missing or damaged.
    """
    path = str(run.path)
    return _read_record(path, _stamp(path))


# Pages list all runs at every click: of a thousand, a look at three times each is a tenth of reading them.
@lru_cache(maxsize=8192)
def _read_record(path: str, _stamps: tuple[tuple[int, int, int] | None, ...]) -> RunRecord:
    run = Run(Path(path))  # found by its text, as a Path takes longer to compare
    return _lay_notes_over(run, _read_own_record(run))


def _stamp(folder: str) -> tuple[tuple[int, int, int] | None, ...]:
    """Return what changes when the folder's list of files, run.json or notes.json does."""
    stamps: list[tuple[int, int, int] | None] = []
    for name in ("", "/run.json", "/notes.json"):
        try:
            found = os.stat(f"{folder}{name}")  # noqa: PTH116  (a Path for each would cost more than the look itself)
            stamps.append((found.st_ino, found.st_mtime_ns, found.st_size))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


def update_record(run: Run, **changes: Any) -> RunRecord:
    """Change some fields of run.json and return the result; a person's name, tags and note go to `write_notes`."""
    # Without the notes laid over: run.json keeps the name that the run was created with.
    record = _read_own_record(run).model_copy(update=changes)
    write_record(run, record)
    return _lay_notes_over(run, record)


def write_notes(run: Run, *, name: str | None = None, tags: list[str] | None = None, note: str | None = None) -> None:
    """Rename, tag or annotate a run, also while it trains.

    Args:
        run: any but a pretrained one.
        name: "" takes the name away; None leaves it.
        tags: all of them, at most 10; None leaves them.
        note: "" takes it away; None leaves it.

    Raises:
        RunError: if the run came with the project, or the disk refuses.
        UsageError: if a text is too long, or there are too many tags.
    """
    if run.pretrained:
        raise RunError(f"{run.id} came with the project and is not changed from here.")
    _read_own_record(run)
    change_notes(run.path, name=name, tags=tags, note=note)


def _read_own_record(run: Run) -> RunRecord:
    check_links(run.path, paths.artifacts_dir())
    try:
        path = run.path / "run.json"
        record = RunRecord.model_validate(migrate_record(read_json(path), path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "run.json"
        raise RunError(
            f"{run.path / 'run.json'} is damaged at '{where}' ({first['msg']}); restore it or delete the run."
        ) from None
    # The folder's name is the identity: a copied or renamed folder must not answer to another run's id.
    return record.model_copy(update={"id": run.id})


def _lay_notes_over(run: Run, record: RunRecord) -> RunRecord:
    notes = read_notes(run.path)
    name = record.name if notes.name is None else notes.name
    return record.model_copy(update={"name": name, "tags": notes.tags, "note": notes.note})


def read_config(run: Run) -> TrainConfig:
    """Read config.json, or return what was read of it before if the file has not changed since.

    Raises:
        RunError: if it is missing (an ensemble has none) or damaged.
        ConfigError: if a setting is not valid.
    """
    path = f"{run.path}/config.json"
    try:
        try:
            found = os.stat(path)  # noqa: PTH116  (as in _stamp)
        except OSError:
            return parse_config(read_json(Path(path)))  # says what is wrong with it
        return _read_config(path, found.st_mtime_ns, found.st_size)
    except ConfigError as error:
        raise ConfigError([f"{path} cannot be used as it is: {problem}" for problem in error.problems]) from None


@lru_cache(maxsize=4096)
def _read_config(path: str, _mtime_ns: int, _size: int) -> TrainConfig:
    return parse_config(read_json(Path(path)))


def is_alive(record: RunRecord) -> bool:
    """Whether the process that wrote the record still runs."""
    return processes.is_marked(record.pid, record.process)


def compute_state(record: RunRecord) -> State:
    """Return the record's status, or "lost" if it claims to be under way but its process is gone."""
    if record.status not in ("queued", "running"):
        return record.status
    if is_alive(record):
        return record.status
    if record.pid is None and record.launched:
        age_s = (datetime.now(UTC) - datetime.fromisoformat(record.launched)).total_seconds()
        if 0 <= age_s < LAUNCH_GRACE_S:
            return record.status
    return "lost"


def read_entry(run: Run) -> RunEntry:
    """Read a run as a list shows it; never raises for a damaged folder."""
    try:
        record = read_record(run)
        return RunEntry(run, record, compute_state(record))
    except RunError as error:
        return RunEntry(run, None, None, str(error))


def list_runs() -> list[RunEntry]:
    """Return every run, newest first, those that are unreadable, with the reason, and then the pretrained ones."""
    entries = []
    for root in (paths.runs_dir(), paths.pretrained_dir()):
        try:
            with os.scandir(root) as found:
                folders = [one.name for one in found if one.is_symlink() or one.is_dir()]
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RunError(f"{root} cannot be listed ({error.strerror or error}); check its permissions.") from None
        names = sorted((name for name in folders if not name.startswith(".")), reverse=True)
        listed = [read_entry(Run(root / name)) for name in names]
        # Where something else was put among the runs, they still come first.
        entries += sorted(listed, key=lambda entry: entry.record is None)
    return entries


def find_run(reference: str) -> Run:
    """Return the run that a person means.

    Args:
        reference: a run id, a unique prefix of one, "latest", "best" (highest validation accuracy among the completed),
            or the name of a pretrained run.

    Raises:
        RunNotFoundError: if no run, or more than one, answers to it.
        RunError: if its folder is, or holds, a link that leads out of the artifacts.
    """
    # Pages ask for a whole id at every click; it is found without reading all the others.
    exact = _find_folder(reference)
    if exact is not None:
        check_links(exact.path, paths.artifacts_dir())
        return exact
    entries = list_runs()
    if reference in ("latest", "best"):
        return _find_by_rank(reference, entries)
    matches = [entry.run for entry in entries if reference and entry.run.id.startswith(reference)]
    if not matches:
        raise RunNotFoundError(
            f"There is no run '{reference}' in {paths.runs_dir()}; `python -m core runs` lists them."
        )
    if len(matches) > 1:
        names = ", ".join(run.id for run in matches[:5])
        raise RunNotFoundError(f"'{reference}' could be any of {len(matches)} runs ({names}); write more of its id.")
    return matches[0]


def find_member(name: str) -> Run:
    """Return a run by its whole id, wherever it is kept.

    Raises:
        RunNotFoundError: if it is not there any more.
    """
    found = _find_folder(name)
    if found is None or not (found.path / "run.json").is_file():
        raise RunNotFoundError(f"the run '{name}' is not there any more.")
    return found


def _find_folder(name: str) -> Run | None:
    """Return the run of exactly this id, None if there is none."""
    # Only a plain name: no reference may lead out of the folders of runs.
    if not name or name != Path(name).name or name.startswith("."):
        return None
    roots = (paths.runs_dir(), paths.pretrained_dir())
    try:
        return next((Run(root / name) for root in roots if (root / name).is_dir()), None)
    except (OSError, ValueError):
        return None  # too long for a file's name, or with a character that none has


def _find_by_rank(reference: str, entries: list[RunEntry]) -> Run:
    own = [entry for entry in entries if entry.record and not entry.run.pretrained]
    if reference == "latest":
        ranked = sorted(own, key=lambda entry: entry.record.created if entry.record else "", reverse=True)
    else:
        done = [entry for entry in entries if entry.record and entry.state == "completed"]
        ranked = sorted(
            (entry for entry in done if entry.record and entry.record.validation_accuracy is not None),
            key=_rank,
            reverse=True,
        )
    if not ranked:
        kind = "run" if reference == "latest" else "completed run with a validation accuracy"
        raise RunNotFoundError(f"There is no {kind} yet in {paths.runs_dir()}; start one with `python -m core train`.")
    return ranked[0].run


def _rank(entry: RunEntry) -> tuple[bool, float]:
    """Order completed runs: accuracies on other digits than MNIST do not compare with those on it."""
    record = entry.record
    return (record.dataset == "mnist", record.validation_accuracy or 0.0) if record else (False, 0.0)


def delete_run(run: Run) -> None:
    """Remove a run's folder.

    Raises:
        RunError: if it is under way, came with the project, or cannot be removed.
    """
    entry = read_entry(run)
    if run.pretrained:
        raise RunError(f"{run.id} came with the project and is not deleted from here.")
    if entry.state in ("queued", "running"):
        raise RunError(f"{run.id} is {entry.state}; stop it before deleting it.")
    # Out of the list in one step, so that nobody meets a half-deleted run.
    hidden = run.path.with_name(f".deleted-{run.id}")
    try:
        if run.path.is_symlink():
            run.path.unlink()  # what it leads to is none of ours
            return
        run.path.rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise RunError(f"{run.path} could not be deleted ({error.strerror or error}).") from None
