"""The Matrix connector."""

from connectors.matrix.connector import MatrixConnector

__all__ = ["MatrixConnector"]
