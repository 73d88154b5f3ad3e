"""Kingdee's filter language, the part of SQL that clients use: comparisons, in, is null, and, or, parentheses."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import InvalidOperation
from operator import eq, ge, gt, le, lt, ne
from typing import Any

EXCEPTION = 4  # MsgCode


class RefusedError(Exception):
    """What Kingdee says no to, with its MsgCode."""

    def __init__(self, code: int, message: str, field_name: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field_name = field_name


Keep = Callable[[Mapping[str, Any]], bool]
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][\w.]*|-?[0-9]+(?:\.[0-9]+)?|<>|>=|<=|[=<>(),]|\S)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {"=": eq, "<>": ne, ">=": ge, ">": gt, "<=": le, "<": lt}


class Filter:
    """What a FilterString keeps. Raises RefusedError for one that Kingdee would not take."""

    def __init__(self, text: str, known: Mapping[str, type]) -> None:
        self._known = known
        self._tokens = _TOKEN.findall(text)
        self.keep: Keep = self._either() if self._tokens else lambda _: True
        if self._tokens:
            raise RefusedError(EXCEPTION, f"“{self._tokens[0]}”附近有语法错误")

    def _either(self) -> Keep:
        options = [self._both()]
        while self._next_is("or"):
            options.append(self._both())
        return lambda row: any(option(row) for option in options)

    def _both(self) -> Keep:
        conditions = [self._one()]
        while self._next_is("and"):
            conditions.append(self._one())
        return lambda row: all(condition(row) for condition in conditions)

    def _one(self) -> Keep:
        if self._next_is("("):
            inside = self._either()
            self._expect(")")
            return inside
        asked = self._take()
        kind, name = check_field(asked, self._known), asked.lower()
        operator = self._take().lower()
        if operator == "is":
            self._expect("null")
            return lambda row: row[name] is None
        if operator == "in":
            self._expect("(")
            wanted = [self._literal(kind)]
            while self._next_is(","):
                wanted.append(self._literal(kind))
            self._expect(")")
            return lambda row: row[name] in wanted
        if operator not in _COMPARE:
            raise RefusedError(EXCEPTION, f"“{operator}”附近有语法错误")
        compare, value = _COMPARE[operator], self._literal(kind)
        return lambda row: row[name] is not None and compare(row[name], value)

    def _literal(self, kind: type) -> Any:
        token = self._take()
        text = token[1:-1].replace("''", "'") if token.startswith("'") else token
        try:
            if kind in (date, datetime):
                moment = datetime.fromisoformat(text)
                return moment if kind is datetime else moment.date()
            return kind(text)
        except (ValueError, InvalidOperation):
            raise RefusedError(EXCEPTION, "从字符串转换日期和/或时间时，转换失败") from None

    def _next_is(self, word: str) -> bool:
        found = bool(self._tokens) and self._tokens[0].lower() == word
        if found:
            self._tokens.pop(0)
        return found

    def _expect(self, word: str) -> None:
        if not self._next_is(word):
            raise RefusedError(EXCEPTION, f"缺少“{word}”")

    def _take(self) -> str:
        if not self._tokens:
            raise RefusedError(EXCEPTION, "条件不完整")
        token: str = self._tokens.pop(0)
        return token


def check_field(name: str, known: Mapping[str, type]) -> type:
    """The type of a field, by its name in any case."""
    if name.lower() not in known:
        raise RefusedError(EXCEPTION, f"元数据中标识为{name}的字段不存在")
    return known[name.lower()]


def ranked_by(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """Null sorts first, as in SQL Server."""
    return lambda row: (row[name] is not None, row[name])
