"""Units of UN/ECE Recommendation 20 that bills have, in words."""

from portal.core.languages import Text, _

PIECES = ("C62", "EA", "H87", "NAR", "XPP")

UNITS: dict[str, Text] = {
    **dict.fromkeys(PIECES, _("unit")),
    "LS": _("lump sum"),
    "SET": _("set"),
    "PR": _("pair"),
    "XPK": _("package"),
    "XBX": _("box"),
    "SEC": _("second"),
    "MIN": _("minute"),
    "HUR": _("hour"),
    "DAY": _("day"),
    "WEE": _("week"),
    "MON": _("month"),
    "QAN": _("quarter"),
    "ANN": _("year"),
    "KWH": _("kWh"),
    "MWH": _("MWh"),
    "KWT": _("kW"),
    "KVA": _("kVA"),
    "K3": _("kVArh"),
    "MTR": _("metre"),
    "KMT": _("km"),
    "MTK": _("m²"),
    "MTQ": _("m³"),
    "LTR": _("litre"),
    "GRM": _("gram"),
    "KGM": _("kg"),
    "TNE": _("tonne"),
    "2P": _("KB"),
    "4L": _("MB"),
    "E34": _("GB"),
}
