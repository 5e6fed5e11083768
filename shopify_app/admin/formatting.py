"""How a shop reads numbers, money and times: its own locale, zone and currency, never ours."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import (
    format_date,
    format_datetime,
    format_skeleton,
    format_timedelta,
    get_month_names,
)
from babel.numbers import format_currency, format_decimal, format_percent

from loyalty.base.money import Money
from shopify_app.admin.languages import language, ngettext

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class ShopFormat:
    """The locale and IANA zone that a page is written for."""

    locale: Locale
    timezone: ZoneInfo

    @classmethod
    def of(cls, locale: str, timezone: str) -> "ShopFormat":
        """The format for a Shopify locale such as `pt-BR`; an unknown one reads as English."""
        return cls(parse_locale(locale), ZoneInfo(timezone))

    def number(self, value: int) -> str:
        """`1,234`."""
        return format_decimal(value, locale=self.locale)

    def points(self, value: int) -> str:
        """`1 point`, `1,234 points`, in the language of the page."""
        return ngettext("%(shown)s point", "%(shown)s points", value, shown=self.number(value))

    def signed(self, value: int) -> str:
        """`+1,234` or `−50`, with a true minus sign."""
        return ("+" if value > 0 else MINUS if value < 0 else "") + self.number(abs(value))

    def share(self, value: Decimal) -> str:
        """`12.3%` for 0.1234."""
        kept = value.quantize(Decimal("0.001"))
        return format_percent(kept, locale=self.locale, decimal_quantization=False)

    def whole_percent(self, value: Decimal) -> str:
        """`12%` for 0.1234."""
        return format_percent(value.quantize(Decimal("0.01")), locale=self.locale)

    def decimal(self, value: Decimal) -> str:
        """`2.4` for 2.37: one decimal at most."""
        return format_decimal(value, format="#,##0.#", locale=self.locale)

    def exact(self, value: Decimal) -> str:
        """`1.5` for 1.500, `30` for 30.00: six decimals at most, and no nought at the end."""
        return format_decimal(value, format="#,##0.######", locale=self.locale)

    def thousandths(self, value: Decimal) -> str:
        """`0.187` for 0.18734."""
        return format_decimal(value, format="#,##0.000", locale=self.locale)

    def tenths(self, value: Decimal) -> str:
        """`+2.1` or `−0.4`, with a true minus sign."""
        kept = value.quantize(Decimal("0.1"))
        sign = "+" if kept > 0 else MINUS if kept < 0 else ""
        return sign + format_decimal(abs(kept), format="#,##0.0", locale=self.locale)

    def money(self, amount: Money) -> str:
        """`$12.50`, with the decimals of its currency."""
        text = format_currency(amount.decimal(), amount.currency, locale=self.locale)
        # Babel leaves out CLDR's space between a code of letters and the digits: SAR 12.50.
        return re.sub(r"(?<=[^\W\d_])(?=\d)", "\N{NO-BREAK SPACE}", text)

    def day(self, at: datetime) -> str:
        """`Nov 22, 2026`: the shop's calendar day that `at` falls on."""
        return format_date(at.astimezone(self.timezone), "medium", locale=self.locale)

    def calendar_day(self, on: date) -> str:
        """`Nov 22, 2026`: a day that is one already."""
        return format_date(on, "medium", locale=self.locale)

    def birthday(self, on: date) -> str:
        """`May 20`: a day of every year."""
        return format_skeleton("MMMMd", on, locale=self.locale)

    def months(self) -> dict[str, str]:
        """`{"1": "January", …}`."""
        names = get_month_names("wide", context="stand-alone", locale=self.locale)
        return {str(month): name for month, name in names.items()}

    def moment(self, at: datetime) -> str:
        """`Nov 22, 2026, 8:00:07 AM` on the shop's clock."""
        text = format_datetime(at, "medium", tzinfo=self.timezone, locale=self.locale)
        # Few fonts draw CLDR's narrow space before AM and PM.
        return text.replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")

    def age(self, at: datetime, now: datetime) -> str:
        """`3 days ago`, in the language of the page."""
        return format_timedelta(at - now, add_direction=True, locale=language())


def parse_locale(code: str) -> Locale:
    """The locale of a tag such as `pt-BR`; an unknown one reads as English."""
    try:
        return Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def text_direction(code: str) -> str:
    """`rtl` or `ltr` for a locale tag."""
    return parse_locale(code).text_direction
