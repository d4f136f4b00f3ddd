"""How long threads that have nothing to do wait for more before they sleep."""

import os

# In turns of a loop; a turn takes some tens of nanoseconds.
_SPINS = 2_500


def limit_spinning() -> None:
    """Let idle threads wait awake for a few hundredths of a millisecond only; to be called before PyTorch is imported.

    Threads that never sleep make each step many times slower as soon as another process wants a core. Threads that
    sleep at once make the short steps of a small network half as slow again, as waking takes longer than the work.
    A person's own setting is left as it is.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        # GNU's OpenMP, which comes with PyTorch for Linux, prefers its own variable to the standard's.
        os.environ.setdefault("GOMP_SPINCOUNT", str(_SPINS))
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
