"""What titles and artists are searched by: their letters and their initials (초성), found by every one and two in a row.

Two letters are what a Korean types for a word, and three in a row (pg_trgm) find nothing then. An index over an expression
needs nobody to keep it. The rules of comparing stand in these functions alone, for what is stored and what is asked.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

# NFKD takes accents, full-width letters and the Hangul of a Mac apart, NFC puts syllables together again. A letter of Hangul
# typed alone (ㅈ) becomes an initial (U+110C) on the way, which is how the initials of syllables are written below. A line
# feed parts two texts (title and artists) and stays as a blank.
FUNCTIONS = """
CREATE FUNCTION garak_letters(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(
    regexp_replace(
        lower(normalize(regexp_replace(normalize(words, NFKD), '[\\u0300-\\u036f]+', '', 'g'), NFC) COLLATE "pg_c_utf8"),
        E'[^[:alnum:]\\n]+' COLLATE "pg_c_utf8", '', 'g'
    ),
    E'\\n', ' '
);

CREATE FUNCTION garak_initials(letters text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN letters COLLATE "C" ~ '[가-힣]' THEN (
    SELECT string_agg(
        CASE WHEN ascii(letter) BETWEEN 44032 AND 55203 THEN chr(4352 + (ascii(letter) - 44032) / 588) ELSE ' ' END,
        '' ORDER BY place
    )
    FROM string_to_table(letters, NULL) WITH ORDINALITY AS each (letter, place)
    WHERE letter = ' ' OR ascii(letter) BETWEEN 44032 AND 55203
) ELSE '' END;

CREATE FUNCTION garak_searched(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ' ' || garak_letters(words) || ' ' || garak_initials(garak_letters(words));

CREATE FUNCTION garak_pairs(letters text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(
    SELECT DISTINCT substr(letters, place, size)
    FROM generate_series(1, length(letters)) AS place, generate_series(1, 2) AS size
    WHERE place + size - 1 <= length(letters)
);
"""
NO_FUNCTIONS = """
DROP FUNCTION garak_pairs(text);
DROP FUNCTION garak_searched(text);
DROP FUNCTION garak_initials(text);
DROP FUNCTION garak_letters(text);
"""
INDEX = "CREATE INDEX title_by_two_letters ON works_worktitle USING gin (garak_pairs(garak_searched(text)))"


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("works", "0008_names_say_who_said_them")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(INDEX, "DROP INDEX title_by_two_letters"),
    ]
