"""What the service must not forget: one database, SQLite or PostgreSQL, behind one port.

:class:`~berm.service.store.database.Database` runs scripts (see
:mod:`~berm.service.store.statement`); :mod:`~berm.service.store.schema` describes the tables, the
folder ``migrations`` makes them.
"""
