"""Remarks on a title that say which version it is, not what it is called: Live, 伴奏, 반주, Japanese Ver., OST."""

from __future__ import annotations

import re
from typing import Final

from works.names.remembered import OBJECTS, remembered

LANGUAGES: Final = {
    "ko": "korean|(?<![a-z])kor|(?<![a-z])kr|韩语|韓語|韩文|韓文|韩国语|한국어|한글",
    "zh": "chinese|mandarin|(?<![a-z])chn|(?<![a-z])cn|中文|中国语|中国語|汉语|漢語|国语|國語|华语|華語|普通话|중국어",
    "yue": "cantonese|粤语|粵語|广东话|廣東話",
    "ja": "japanese|(?<![a-z])jpn|(?<![a-z])jp|日语|日語|日文|日本語|일본어",
    "en": "english|(?<![a-z])eng|英文|英语|英語|영어",
}
VERSION_WORD: Final = r"(?:(?<![a-z])ver\b\.?|(?<![a-z])version\b|版|버전|버젼|バージョン)"

# what a whole remark must look like; searched in its casefolded form. Words that are also words of titles (live, cover,
# mix, cut) count only where a remark has them: alone, at the end, or before "at", "by" and the like.
TAGS: Final = {
    "live": r"\blive(?: ver\S*| version| 版| clip)?$|^live (?:at|in|from|on|ver)\b|\blive版|现场|現場|演唱会|演唱會|라이브",
    "instrumental": r"\binst\b|\binstrumental\b|伴奏|纯音乐|純音樂|반주|^mr$|消音|노래방|\bkaraoke\b|off vocal|オフボーカル|カラオケ|인스트|\baccompaniment$",
    "remix": r"\bremix(?:ed)?\b|\brmx\b|混音|리믹스|\bmix$",
    "dj": r"\bdj.{0,12}版|\bdj ver|^dj$",
    "cover": r"^cover(?:ed)?(?: by\b| ?:| [^a-z]|$)|\bcover(?: ver\S*| version)?$|翻唱|翻自|原唱|커버|^remake$|리메이크",
    "adaptation": r"改编|改編|편곡|填词|填詞",
    "medley": r"\bmedley\b|串烧|串燒|메들리|メドレー",
    "excerpt": r"片段|剪辑版|剪輯版|铃声|鈴聲|\bshort ver|\b(?:tv|short|radio) (?:size|edit)\b",
    "soundtrack": r"\bost\b|\bsoundtrack\b|主题曲|主題曲|插曲|片尾曲|片头曲|片頭曲|推广曲|推廣曲|原声|原聲|\btheme (?:song|from)\b|^from [\"']|삽입곡|주제곡",
    "a cappella": r"\ba ?cappella\b|\bacapella\b|清唱|아카펠라",
    "acoustic": r"\bacoustic\b|不插电|不插電|어쿠스틱",
    "remaster": r"\bremaster(?:ed)?\b|重制版|重製版|리마스터",
    "demo": r"\bdemo\b|데모",
    "explicit": r"^(?:explicit|clean)$",
    "tempo": r"^sped up|^slowed|加速版|慢速版|倍速|^\d\.\d+ ?x$|^nightcore$",
    "version": VERSION_WORD,
}
PATTERNS: Final = {
    **{tag: re.compile(pattern) for tag, pattern in TAGS.items()},
    **{
        f"language:{code}": re.compile(rf"^(?:{words})$|(?:{words})\.?(?:填词|填詞)?\s*{VERSION_WORD}")
        for code, words in LANGUAGES.items()
    },
}
ANY: Final = re.compile("|".join(pattern.pattern for pattern in PATTERNS.values()))

# without a bracket only what can hardly be part of a title: "좋은 날 Inst." but not "Long Live"
AT_THE_END: Final = re.compile(
    rf"(?<=\S)\s+(?:inst\.?|instrumental|伴奏版?|반주|메들리|[\w']+ (?:ver\.?|version)|(?:{'|'.join(LANGUAGES.values())}) ?(?:版|버전|버젼))$",
    re.IGNORECASE,
)
AFTER_A_DASH: Final = re.compile(r"\s-\s*(?=\S)|-\s+(?=\S)|(?<=[^\x00-\x7f])-(?=\S)")

CREDIT: Final = re.compile(
    r"^(?:feat|ft|featuring|with|duet with|prod|prod by|narr|vocal)\b\.?(?: by\b)?[\s.:]*(?=\S)", re.IGNORECASE
)
PRODUCED: Final = re.compile(r"^(?:prod|narr)\b", re.IGNORECASE)
FEATURED: Final = re.compile(r"(?<=\S)\s+(?:feat\.?|ft\.?|featuring)\s+(?=\S)", re.IGNORECASE)


@remembered(OBJECTS)
def version_tags(remark: str) -> tuple[str, ...]:
    """What a remark says about the version; () when it says nothing.

    >>> version_tags("Japanese Ver.")
    ('version', 'language:ja')
    """
    folded = remark.casefold().strip(" -~()")
    if not ANY.search(folded):
        return ()
    return tuple(tag for tag, pattern in PATTERNS.items() if pattern.search(folded))
