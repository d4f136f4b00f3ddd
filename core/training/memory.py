"""Memory that a step frees stays with the process, for the next step to take again."""

import ctypes
import sys

# Of glibc's malloc.h; a chunk above the second threshold is always asked of the system and given back to it at once.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_MMAP_THRESHOLD = 32 * 2**20
_KEPT_BYTES = 512 * 2**20


def keep_freed_memory() -> bool:
    """Keep up to half a gigabyte of what is freed, instead of giving each tensor's memory back to the system.

    Linux gives memory out as pages that it fills with zeros one by one as they are touched, which for tensors of some
    megabytes takes as long as computing them. For a process that trains, not for one that mostly waits.

    Returns:
        Whether the C library takes such a wish; where it does not, nothing changes.
    """
    if sys.platform != "linux":
        return False
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is None:
        return False
    wishes = ((_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD), (_TRIM_THRESHOLD, _KEPT_BYTES))
    return all(tell(name, value) == 1 for name, value in wishes)
