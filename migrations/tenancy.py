"""What a migration says of a tenant table: who may do what, and that a shop sees only its own.

The invariant: every tenant table passes through `protect`, an append-only one through both.
"""

from graphlib import TopologicalSorter

from alembic import context, op

READER, REMOVER = "encore_reader", "encore_remover"
_SHOP = "shop_id = nullif(current_setting('encore.shop', true), '')::bigint"


def app_role() -> str:
    """The role that the app logs in with, quoted for SQL."""
    name: str = context.config.attributes["app_role"]
    return '"' + name.replace('"', '""') + '"'


def make_roles() -> None:
    """Create the two roles that nobody logs in with: the reader and the remover."""
    for role in (READER, REMOVER):
        op.execute(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        # Functions can be given to a role only by one of its members.
        op.execute(
            f"DO $$ BEGIN IF NOT pg_has_role(current_user, '{role}', 'SET') "
            f"THEN GRANT {role} TO CURRENT_USER WITH SET TRUE; END IF; END $$"
        )
        op.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {role}")


def protect(table: str, rights: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Give the app `rights` on the rows of its own shop, and the remover all rows of a shop."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_shop ON {table} USING ({_SHOP}) WITH CHECK ({_SHOP})")
    op.execute(f"CREATE POLICY removal ON {table} TO {REMOVER} USING (true)")
    op.execute(f"GRANT {rights} ON {table} TO {app_role()}")
    op.execute(f"GRANT SELECT, DELETE ON {table} TO {REMOVER}")


def append_only(table: str) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE on `table` to everyone but the remover of whole shops."""
    op.execute("SET LOCAL citus.enable_unsafe_triggers = on")
    op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, {app_role()}")
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def make_refusal() -> None:
    """The trigger function behind `append_only`."""
    op.execute(
        f"""CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_user = '{REMOVER}' AND TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$"""
    )


def let_read(table: str) -> None:
    """Let the reader's functions see all shops' rows of `table`."""
    op.execute(f"GRANT SELECT ON {table} TO {READER}")
    op.execute(f"CREATE POLICY reading ON {table} FOR SELECT TO {READER} USING (true)")


def definer_function(signature: str, returns: str, body: str, owner: str = READER) -> None:
    """A SECURITY DEFINER function of `owner` that the app may call. Each is on the written list."""
    op.execute(
        f"CREATE OR REPLACE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql "
        "SECURITY DEFINER SET search_path = pg_catalog, public "
        f"SET plan_cache_mode = force_custom_plan AS $$ BEGIN {body} END $$"
    )
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {owner}")
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {app_role()}")


_TENANT_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname <> 'shop_directory'
AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'shop_id')
ORDER BY c.relname
"""
_REFERENCES = """
SELECT k.conrelid::regclass::text, k.confrelid::regclass::text FROM pg_constraint k
JOIN pg_namespace n ON n.oid = k.connamespace
WHERE n.nspname = 'public' AND k.contype = 'f' AND k.conrelid <> k.confrelid
"""


def remake_removal() -> None:
    """remove_shop() for the tables of by now: every migration that adds a tenant table ends so."""
    deletes = "".join(f"DELETE FROM {table} WHERE shop_id = gone; " for table in _children_first())
    definer_function(
        "remove_shop()",
        "void",
        "DECLARE gone bigint := nullif(current_setting('encore.shop', true), '')::bigint; "
        f"BEGIN {deletes} DELETE FROM shop_directory WHERE shop_id = gone; END;",
        owner=REMOVER,
    )


def _children_first() -> list[str]:
    connection = op.get_bind()
    parents: dict[str, set[str]] = {
        row[0]: set() for row in connection.exec_driver_sql(_TENANT_TABLES)
    }
    for child, parent in connection.exec_driver_sql(_REFERENCES):
        if child in parents and parent in parents:
            parents[child].add(parent)
    return list(reversed(list(TopologicalSorter(parents).static_order())))
