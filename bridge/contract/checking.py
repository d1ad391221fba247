"""What `landbridge check` finds out about a network, and what `landbridge init` makes for one, for the operator."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing, as whole sentences: what is wrong, and what to do."""

    text: str
    key: str = ""  # the option that it is about, if there is one
    fault: bool = True  # False: it is only worth knowing


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a network needs besides its account of itself."""

    files: Mapping[str, str] = field(repr=False)  # by name, beside the configuration; they may hold secrets
    options: Mapping[str, str]  # for the network's section of the configuration
    paste: str  # what is to be done elsewhere, for people
