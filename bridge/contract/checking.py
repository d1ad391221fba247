"""What `landbridge check` finds out about a network, and tells the operator."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing, as whole sentences: what is wrong, and what to do."""

    text: str
    key: str = ""  # the option that it is about, if there is one
    fault: bool = True  # False: it is only worth knowing
