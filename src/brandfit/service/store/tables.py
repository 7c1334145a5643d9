"""Tables of ``service.sqlite``. Column names are stored in workspaces and stay as they are; the functions
that read rows give them the names of the API (``actor`` for ``who``, ``parameters`` for ``asked``)."""

import sqlalchemy as sa

SCHEMA = 1

metadata = sa.MetaData()
meta = sa.Table(
    "meta", metadata, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)
# Times are seconds since 1970 UTC in all tables.
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("asked", sa.Text, nullable=False),  # JSON: parameters of the job
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False, default=""),
    sa.Column("done", sa.BigInteger, nullable=False, default=0),
    sa.Column("total", sa.BigInteger, nullable=False, default=0),  # 0: unknown
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float),
    sa.Column("finished", sa.Float),
    sa.Column("result", sa.Text),  # JSON
    sa.Column("problem", sa.Text),  # JSON: title and detail of the error
    sa.Column("who", sa.Text, nullable=False),  # actor: name and id of the key
)
keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),  # SHA-256 of the secret
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("used", sa.Float),
    sa.Column("revoked", sa.Float),
)
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("who", sa.Text, nullable=False),  # actor
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),  # subject of the action
    sa.Column("request", sa.Text, nullable=False),
)
annotations = sa.Table(
    "marks",
    metadata,
    sa.Column("brand", sa.Text, primary_key=True),
    sa.Column("influencer", sa.Text, primary_key=True),
    sa.Column("opinion", sa.Text),
    sa.Column("listed", sa.Boolean, nullable=False, default=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("tags", sa.Text, nullable=False, default="[]"),  # JSON
    sa.Column("changed", sa.Float, nullable=False),
)
stated_prices = sa.Table(
    "stated_prices",
    metadata,
    sa.Column("brand", sa.Text, primary_key=True),
    sa.Column("influencer", sa.Text, primary_key=True),
    sa.Column("price", sa.Float, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),  # "" if none is known
)
"""Prices of a price list, of influencers that a campaign put on the shortlist."""
OF_PAIRS = (annotations, stated_prices)
"""Tables with a row for a brand and an influencer."""
JSON = ("asked", "result", "problem", "tags")
"""Columns that hold JSON."""
