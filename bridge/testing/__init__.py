"""For authors of connectors: a chat network in memory to copy from and to test against, and the conformance suite.

* `world`        the network, behind a socket; `python -m bridge.testing.world --socket PATH`
* `control`      what tests tell it: people speak, networks fail
* `connector`    the connector of that network, also installed under the name `memory`
* `conformance`  what every connector must pass
"""
