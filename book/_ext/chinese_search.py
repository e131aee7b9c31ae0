"""Search that finds Chinese terms as well as English ones, without a server.

Chinese has no spaces, so Sphinx's English search takes a whole clause for one word. Here a run
of Chinese characters is indexed as its characters and its pairs of neighbors, and a query is cut
into pairs the same way: a page is found when it holds every pair of the query. No dictionary
decides what a word is, so a term coined yesterday is found too.
"""

import re

from sphinx.search.en import SearchEnglish

#: Chinese characters: the common ones, the rarer ones, the compatibility forms.
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUNS = re.compile(f"[{HAN}]+|[^{HAN}]+")
_IS_HAN = re.compile(f"[{HAN}]")


def pairs(run):
    """Return the pairs of neighbors in a run of characters; of a single one, itself."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


class EnglishAndChinese(SearchEnglish):
    """English words as Sphinx indexes them, and Chinese characters alone and in pairs."""

    #: The same cut for a query. A single character is looked up alone.
    js_splitter_code = f"""
var splitQuery = (query) => query
  .split(/[^\\p{{Letter}}\\p{{Number}}_\\p{{Emoji_Presentation}}]+/gu)
  .flatMap((word) => word.match(/[{HAN}]+|[^{HAN}]+/gu) || [])
  .flatMap((run) => /[{HAN}]/u.test(run) && run.length > 1
    ? Array.from({{length: run.length - 1}}, (_, at) => run.slice(at, at + 2))
    : [run]);
// From a stick a browser lets no script read a page, so there are no excerpts to wait for.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
"""

    def split(self, text):
        words = []
        for run in (run for word in super().split(text) for run in _RUNS.findall(word)):
            words += {*run, *pairs(run)} if _IS_HAN.match(run) else [run]
        return words


def setup(app):
    app.add_search_language(EnglishAndChinese)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
