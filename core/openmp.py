"""How long threads that have nothing to do wait for more before they sleep."""

import os

# Turns of a waiting loop; as many as let short steps run on and still cost little beside another busy process.
_SPINS = 2_500


def limit_spinning() -> None:
    """Let idle threads stay awake for a moment only; to be called before PyTorch is imported.

    Threads that never sleep make each step many times slower as soon as another process wants a core. Threads that
    sleep at once make the short steps of a small network half as slow again, as waking takes longer than the work.
    A person's own setting is left as it is.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        # GNU's OpenMP, which comes with PyTorch for Linux, prefers its own variable to the standard's.
        os.environ.setdefault("GOMP_SPINCOUNT", str(_SPINS))
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
