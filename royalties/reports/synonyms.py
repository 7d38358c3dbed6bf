"""What columns are called in statements of Chinese and Korean services, distributors and societies: a seed, never a proof.

SEEN are headers that were seen in such files, and a few plain variants of them; ORDINARY are ordinary words for what the
statements of a society say, listed without a file that shows them. A guess from these is shown to people, who decide.
"""

from __future__ import annotations

from typing import Final

SEEN: Final[dict[str, tuple[str, ...]]] = {
    "song_title": ("歌曲名", "歌曲名称", "歌名", "作品名称", "单曲名", "曲名", "MV名", "곡명", "트랙명"),
    "artist": ("歌手", "歌手名", "歌手名称", "艺人", "艺人名称", "表演者", "演唱者", "演唱人", "아티스트", "아티스트명", "앨범아티스트"),
    "album": ("专辑", "专辑名", "专辑名称", "앨범명"),
    "lyricist": ("词作者", "作词", "词"),
    "composer": ("曲作者", "作曲", "曲"),
    "song_id": ("歌曲id", "歌曲ID", "作品ID", "中央曲库ID"),
    "isrc": ("ISRC", "歌曲ISRC"),
    "upc": ("UPC", "专辑UPC", "UPC\\EAN\\JAN", "条形码"),
    "period": (
        "日期", "结算期间", "结算开始时间", "结算结束时间", "数据日期", "报表月份", "分成月份", "销售月", "报告月", "정산월", "판매월",
    ),
    "platform": ("平台", "平台名称", "结算平台", "分发渠道", "渠道", "서비스사", "정산처", "사이트", "서비스사이트"),
    "service": ("서비스종류", "서비스명", "POC서비스명", "MEDIA", "서비스구분", "대분류", "중분류"),
    "licensor": ("CP", "版权公司", "版权方", "代理商", "签约主体", "我方签约主体", "他方签约主体"),
    "territory": ("国家", "地区"),
    "currency_report": ("报表货币",),
    "currency_settle": ("结算货币",),
    "fx_rate": ("汇率",),
    "unit_price": ("单价",),
    "quantity": (
        "数量", "使用量", "播放量", "播放次数", "试听量", "试听数", "下载量", "下载数", "点击量", "销量", "订购量", "单曲订购量",
        "购买次数", "HIT-s", "카운트", "판매횟수", "스트리밍", "다운로드", "기타수량",
    ),
    "free_usage": ("免费使用量", "免费播放数", "免费试听数", "广告收入分成-使用量"),
    "sub_basic_usage": ("付费基本包月使用量", "基本包月收入分成-使用量", "套餐试听量", "套餐播放数"),
    "sub_premium_usage": ("付费高级包月使用量", "高级包月收入分成-使用量"),
    "download_usage": ("免费下载数", "套餐下载量", "套餐下载数", "vip下载量", "流量下载量"),
    "stream_usage": ("vip试听量", "流量试听量"),
    "lyric_usage": ("词使用量", "按次分成-词使用量"),
    "music_usage": ("曲使用量", "按次分成-曲使用量"),
    "neighbouring_usage": ("邻接权使用量-原版音源", "邻接权使用量-版权方提供伴奏", "邻接权使用量-依据版权方提供音源制作伴奏"),
    "revenue": (
        "收入", "总收入", "CP分成收入", "分成", "分成金额", "广告收入", "套餐收入", "单曲付费收入", "乐币收入", "打榜收入", "销售额",
        "交易额", "매출", "정산", "합계금액", "저작인접권료",
    ),
    "payout": ("정산금", "아티스트정산금", "계약자정산", "권리사정산금액", "인세", "정산금액"),
    "share_lyrics": ("词权利比例",),
    "share_music": ("曲权利比例",),
    "share_recording": ("录音权利比例",),
    "publishing_share": ("词曲权益份额",),
    "master_share": ("录音权益份额",),
    "business_model": ("业务模式", "付费模式", "授权形式"),
    "min_guarantee": ("保底金", "保底金明细", "预付款", "预付款扣除"),
    "tax": ("税率", "含税金额", "不含税金额"),
}  # fmt: skip

ORDINARY: Final[dict[str, tuple[str, ...]]] = {
    "song_title": (
        "Title", "Song", "Song Title", "Track", "Track Title", "Work Title", "곡 제목", "곡제목", "노래명", "제목",
        "저작물명", "작품명", "作品名", "作品标题",
    ),
    "artist": ("Artist", "Artist Name", "Performer", "가수", "가수명", "실연자"),
    "album": ("Album", "Album Title", "앨범", "음반명"),
    "writers": ("Writers", "Writer", "Composer/Author", "작사/작곡", "작사작곡", "작가", "저작자", "词曲作者", "作者", "词曲"),
    "lyricist": ("Lyricist", "Author", "작사", "작사가", "작사자"),
    "composer": ("Composer", "작곡", "작곡가", "작곡자"),
    "song_id": (
        "Song ID", "Track ID", "Work Number", "Work No.", "곡번호", "곡코드", "곡ID", "저작물번호", "저작물코드", "作品编号",
        "作品编码",
    ),
    "iswc": ("ISWC", "ISWC编码", "ISWC코드"),
    "isrc": ("ISRC Code", "ISRC코드", "ISRC编码"),
    "ipis": ("Writer IPI", "작가 IPI", "作者IPI"),
    "duration": ("Duration", "재생시간", "时长"),
    "period": (
        "Period", "Month", "Usage Period", "Usage Month", "이용월", "사용월", "이용기간", "사용기간", "정산년월", "使用期间",
        "使用月份", "使用时间",
    ),
    "platform": ("Platform", "Service", "DSP", "서비스", "플랫폼", "유통사", "使用平台"),
    "territory": ("Territory", "Country", "국가", "이용국가", "지역", "国家/地区", "使用地区"),
    "currency": ("Currency", "통화", "币种", "货币"),
    "unit_price": ("Unit Price", "단가"),
    "quantity": (
        "Plays", "Streams", "Units", "Quantity", "Usage", "이용횟수", "재생수", "재생횟수", "스트리밍수", "다운로드수", "판매수량",
        "수량", "使用次数", "点播次数",
    ),
    "payout": (
        "Royalty", "Amount", "Net Amount", "Net", "분배금", "분배금액", "사용료", "저작권료", "净额", "实付金额", "分配金额", "应付金额",
        "实际分配金额",
    ),
    "party": ("Interested Party", "Party", "Party Name", "권리자", "권리자명", "수급자", "权利人", "权利人名称", "权利人姓名"),
    "party_ipi": ("IPI", "IPI Number", "IPI Name Number", "IPI번호", "IPI号", "IPI编号"),
    "role": ("Role", "역할", "권리자역할", "角色", "身份"),
    "share": ("Share", "Share %", "지분", "지분율", "份额", "份额%", "比例", "分配比例"),
    "right": ("Right", "Right Type", "권리구분", "권리유형", "权利种类", "权利类型"),
    "reference": ("Reference", "Usage Reference", "원사용번호", "참조번호", "参考号", "使用编号", "原始使用编号"),
    "gross": ("Gross", "Gross Amount", "총사용료", "총액", "毛额", "总额", "分配总额"),
    "fee": ("Fee", "Commission", "Administration Fee", "수수료", "관리수수료", "管理费", "手续费"),
    "tax_amount": ("Tax", "Withholding Tax", "세금", "원천세", "원천징수", "税额", "税款", "代扣税"),
}  # fmt: skip

MEANS: Final[dict[str, str]] = {  # what such a column is to us; "" for nothing: it is kept in the file alone
    "song_title": "title",
    "artist": "artist",
    "album": "album",
    "writers": "writers",
    "lyricist": "writers",
    "composer": "writers",
    "song_id": "song_id",
    "isrc": "isrc",
    "iswc": "iswc",
    "ipis": "ipis",
    "duration": "duration",
    "period": "period",
    "platform": "platform",
    "service": "platform",
    "territory": "territory",
    "currency": "currency",
    "currency_report": "currency",
    "currency_settle": "currency",
    "quantity": "uses",
    "free_usage": "uses",
    "sub_basic_usage": "uses",
    "sub_premium_usage": "uses",
    "download_usage": "uses",
    "stream_usage": "uses",
    "lyric_usage": "uses",
    "music_usage": "uses",
    "revenue": "money",
    "payout": "money",
    "party": "party",
    "party_ipi": "party_ipi",
    "role": "role",
    "share": "share",
    "right": "right",
    "reference": "reference",
    "gross": "gross",
    "fee": "fee",
    "tax_amount": "tax",
    "licensor": "",
    "upc": "",
    "fx_rate": "",
    "unit_price": "",
    "neighbouring_usage": "",  # never works' money
    "share_lyrics": "",
    "share_music": "",
    "share_recording": "",
    "publishing_share": "",
    "master_share": "",
    "business_model": "",
    "min_guarantee": "",
    "tax": "",
}

ASKED: Final = frozenset(  # these alone say too little: a share or an amount, of words or of music, before or after what
    {
        "分成", "정산금", "정산", "合计金额", "합계금액", "含税金额", "不含税金额", "词使用量", "曲使用量", "按次分成-词使用量", "按次分成-曲使用量",
        "저작인접권료", "인세", "比例", "Share", "총액", "总额", "Service", "서비스",
    }
)  # fmt: skip
SECOND: Final = frozenset(  # they count only where no other column has their meaning
    {"앨범아티스트", "结算结束时间", "数据日期", "서비스종류", "서비스명", "POC서비스명", "MEDIA", "서비스구분", "대분류", "중분류"}
)  # fmt: skip
