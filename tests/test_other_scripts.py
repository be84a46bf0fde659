"""Scores of headlines and translations in other scripts than the Latin one."""

import pytest

from kit.errors import KitError
from kit.tasks import summarization, translation

HEADLINES = [
    "Новый порт открыт в Одессе",
    "新しい港が大阪に開かれた",
    "新港口在上海开放",
    "افتتاح الميناء الجديد في بيروت",
    "เปิดท่าเรือใหม่ในกรุงเทพ",
]


@pytest.mark.parametrize("text", HEADLINES)
def test_a_headline_against_itself_scores_one_and_against_another_less(text) -> None:
    right = summarization.score([text], [{"text": text, "headline": text}])
    wrong = summarization.score([text[: len(text) // 2]], [{"text": text, "headline": text}])
    for name in ("rouge1", "rougeL"):
        assert right[name] == 1 and 0 < wrong[name] < 1


TEXTS = {
    "zh": "打开新标签页中的文件",
    "ja": "新しいタブでファイルを開く",
    "ko": "새 탭에서 파일 열기 그리고 닫기",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_translation_into_another_script_scores_what_is_right(language) -> None:
    right = TEXTS[language]
    rows = [{"english": "Open it", "translation": right, "language": language}] * 2
    try:
        scores = translation.score([right] * 2, rows)
    except KitError as error:  # a language that cannot be segmented is an error, not 0
        assert language in str(error)
    else:
        assert scores["bleu"] == pytest.approx(100)
