"""The configuration: one YAML file, checked as a whole, with values from the environment and from files of secrets."""

from bridge.config.load import load
from bridge.config.model import Config, ConfigError, Fault, Http, Network, Xmpp

__all__ = ["Config", "ConfigError", "Fault", "Http", "Network", "Xmpp", "load"]
