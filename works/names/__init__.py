"""Names and titles in whatever script: plain Python, one module a subject.

    text ─▶ clean ─▶ titles (brackets, versions, script) │ performers ─▶ parts ─▶ keys: what a part is looked up by
                                                                              └─▶ alike: how well two parts agree, and why

| module | knows |
|---|---|
| clean, latin, script | one way of writing the same text; letters without accents; which script it is in |
| brackets, titles, versions, performers | the parts of a title or of joined artists; remarks on the version, kept as facts |
| han, hanja, pinyin | Traditional and Simplified; every Korean reading of a Han character; its Chinese one |
| hangul, roman, folded | syllables; which Latin spellings are a Hangul name; one key for all of them |
| loans, skeleton, spoken | what a foreign word costs in Hangul; the consonants both share; letters and numbers by their names |
| loan_learning | how loan_costs.tsv was learned (`manage.py learn_loans`); english_words.tsv was written for it by hand |
| remembered | what was worked out of a text before |
| keys, alike | the two questions that the rest of the house asks |

Tables: hanja_readings.tsv (Unihan; libhangul, BSD-3), pinyin.tsv (Unihan by way of pypinyin, MIT; `manage.py tabulate_pinyin`),
loan_costs.tsv (learned from names of the COLING 2018 transliteration data, CC0). A key of sound only finds;
what is found, alike judges.
"""
