"""What all tables share."""

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData()

# Clock ids and references to them; SQLite's INTEGER PRIMARY KEY is its own row id.
Clock = BigInteger().with_variant(Integer, "sqlite")
