"""The playback a mark belongs to, read from its name (`u17#3` belongs to `3`).

Pure. A server that names its marks so lets the phone tell one playback from the next; with
other names nothing is known and nothing is claimed.
"""


def epoch_of(mark_name: str) -> str | None:
    """What follows the last `#` of a mark's name; None without one."""
    _, hash_sign, epoch = mark_name.rpartition("#")
    return epoch if hash_sign and epoch else None


def is_newer(epoch: str, than: str) -> bool:
    """Whether an epoch came after another one: by number, or merely by being different."""
    if epoch.isdecimal() and than.isdecimal():
        return int(epoch) > int(than)
    return epoch != than
