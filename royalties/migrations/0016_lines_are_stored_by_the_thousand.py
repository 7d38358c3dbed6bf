"""Lines stand in blocks of arrays, and the lines themselves become a view: royalties.ingest.blocks says why."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

# No line twice: a place in a block is one line, and no two blocks of a report overlap. `accepted` is counted by the
# database, so that the proof of finish.py does not rest on what the program counted.
BLOCKS = """
CREATE TABLE royalties_lineblock (
    period date NOT NULL,
    report_id bigint NOT NULL,
    first_line integer NOT NULL,
    last_line integer NOT NULL,
    services text[] NOT NULL,
    usage_months date[] NOT NULL,
    recordings bigint[] NOT NULL,
    kinds smallint[] NOT NULL,
    uses bigint[] NOT NULL,
    amounts_micros bigint[] NOT NULL,
    accepted integer NOT NULL GENERATED ALWAYS AS (coalesce(cardinality(array_remove(recordings, 0)), 0)) STORED,
    PRIMARY KEY (period, report_id, first_line),
    CONSTRAINT no_line_in_two_blocks
        EXCLUDE USING gist (period WITH =, report_id WITH =, int4range(first_line, last_line, '[]') WITH &&),
    CONSTRAINT a_place_for_every_line CHECK (
        cardinality(recordings) = last_line - first_line + 1 AND cardinality(kinds) = cardinality(recordings)
        AND cardinality(uses) = cardinality(recordings) AND cardinality(amounts_micros) = cardinality(recordings)
        AND cardinality(services) = cardinality(usage_months))
) PARTITION BY RANGE (period);
REVOKE UPDATE, DELETE ON royalties_lineblock FROM garak_app;
"""
# Numbers of this kind do not get much smaller, and to try takes longer than to write them.
UNCOMPRESSED = ("recordings", "kinds", "uses", "amounts_micros")
PARTITIONS = """
CREATE OR REPLACE FUNCTION royalties_make_partition(month date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    partition text := 'royalties_lineblock_' || to_char(first, 'YYYY_MM');
BEGIN
    IF first < date '2000-01-01' OR first >= date '2100-01-01' THEN
        RAISE EXCEPTION 'no partition for %', month USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('royalties_make_partition'));
    IF to_regclass(partition) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE royalties_lineblock INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE)', partition);
        EXECUTE format('REVOKE ALL ON %I FROM garak_app', partition);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO garak_app', partition);
        EXECUTE format('ALTER TABLE royalties_lineblock ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       partition, first, (first + interval '1 month')::date);
    END IF;
    RETURN partition;
END
$$;
"""
MOVE = """
SELECT royalties_make_partition(period) FROM (SELECT DISTINCT period FROM royalties_usageline) AS months;
WITH kind AS (
    SELECT report_id, service, usage_month, row_number() OVER (PARTITION BY report_id ORDER BY service, usage_month) AS number
    FROM (SELECT DISTINCT report_id, service, usage_month FROM royalties_usageline) AS every
), kinds AS (
    SELECT report_id, array_agg(service::text ORDER BY number) AS services, array_agg(usage_month ORDER BY number) AS months
    FROM kind GROUP BY report_id
), block AS (
    SELECT period, report_id, min(line_no) AS first_line, max(line_no) AS last_line
    FROM royalties_usageline GROUP BY period, report_id, line_no / 1000
)
INSERT INTO royalties_lineblock
    (period, report_id, first_line, last_line, services, usage_months, recordings, kinds, uses, amounts_micros)
SELECT b.period, b.report_id, b.first_line, b.last_line, k.services, k.months, l.recordings, l.kinds, l.uses, l.amounts
FROM block b JOIN kinds k USING (report_id) CROSS JOIN LATERAL (
    SELECT array_agg(coalesce(u.recording_id, 0) ORDER BY at) AS recordings,
        array_agg(coalesce(kind.number, 1)::smallint ORDER BY at) AS kinds,
        array_agg(coalesce(u.uses, 0) ORDER BY at) AS uses, array_agg(coalesce(u.amount_micros, 0) ORDER BY at) AS amounts
    FROM generate_series(b.first_line, b.last_line) AS at
    LEFT JOIN royalties_usageline u ON u.period = b.period AND u.report_id = b.report_id AND u.line_no = at
    LEFT JOIN kind ON kind.report_id = b.report_id AND kind.service = u.service AND kind.usage_month = u.usage_month
) AS l;
DROP TABLE royalties_usageline;
"""
VIEW = """
CREATE VIEW royalties_usageline AS
SELECT b.period, b.report_id, b.first_line, b.first_line + l.at::integer - 1 AS line_no, l.recording_id,
    b.services[l.kind]::varchar(12) AS service, b.usage_months[l.kind] AS usage_month, l.uses, l.amount_micros
FROM royalties_lineblock b CROSS JOIN LATERAL unnest(b.recordings, b.kinds, b.uses, b.amounts_micros)
    WITH ORDINALITY AS l (recording_id, kind, uses, amount_micros, at)
WHERE l.recording_id <> 0;
REVOKE INSERT, UPDATE, DELETE ON royalties_usageline FROM garak_app;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("royalties", "0015_works_become_one")]
    operations: ClassVar[list[migrations.operations.base.Operation]] = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(BLOCKS),
                *(
                    migrations.RunSQL(f"ALTER TABLE royalties_lineblock ALTER {column} SET STORAGE EXTERNAL")
                    for column in UNCOMPRESSED
                ),
                migrations.RunSQL(PARTITIONS),
                migrations.RunSQL(MOVE),
                migrations.RunSQL(VIEW),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="LineBlock",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "period",
                                "report_id",
                                "first_line",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("period", models.DateField()),
                        ("report_id", models.BigIntegerField()),
                        ("first_line", models.IntegerField()),
                        ("last_line", models.IntegerField()),
                    ],
                ),
                migrations.AddField(
                    model_name="usageline",
                    name="first_line",
                    field=models.IntegerField(default=0),
                    preserve_default=False,
                ),
            ],
        ),
    ]
