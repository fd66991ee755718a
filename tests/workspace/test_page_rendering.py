"""What Slack's mrkdwn and Block Kit become in the page, case by case, and what hostile text does not become."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.workspace.conftest import Scene
from tests.workspace.pages import open_page

pytestmark = [pytest.mark.page]

MRKDWN = {
    "*bold* _italic_ ~struck~": "<div><strong>bold</strong> <em>italic</em> <s>struck</s></div>",
    "*bold _both_*": "<div><strong>bold <em>both</em></strong></div>",
    "snake_case_name 2*3*4": "<div>snake_case_name 2*3*4</div>",
    "`*not bold*`": "<div><code>*not bold*</code></div>",
    "```\na < b\n*c*\n```": "<pre>a &lt; b\n*c*</pre>",
    "&gt; quoted\nnot": "<blockquote>quoted</blockquote><div>not</div>",
    "one\ntwo": "<div>one<br>two</div>",
    "&lt;b&gt; &amp;amp;": "<div>&lt;b&gt; &amp;amp;</div>",
    "<!here> <#C0NONE|lost>": '<div><span class="mention">@here</span> <span class="mention">#lost</span></div>',
    "<!date^0^{date_num}|never>": '<div><time datetime="1970-01-01T00:00:00.000Z">1970-01-01</time></div>',
    "<!date^soon^{date}|never>": "<div><time>never</time></div>",
    "<!date^0^{date_num} {odd}|never>": '<div><time datetime="1970-01-01T00:00:00.000Z">1970-01-01 {odd}</time></div>',
    "<javascript:alert(1)|press>": "<div><span>press</span></div>",
    '<https://a.example/"onclick=x|y>': (
        '<div><a href="https://a.example/&quot;onclick=x" target="_blank" rel="noopener noreferrer">y</a></div>'
    ),
    "<data:text/html,x> <script>alert(1)</script>": (
        "<div><span>data:text/html,x</span> <span>script</span>alert(1)<span>/script</span></div>"
    ),
    "a\u202egnp.exe": "<div>a\u202egnp.exe</div>",
}
WORDS = [
    {"type": "text", "text": "all", "style": {"bold": True, "italic": True, "strike": True, "underline": True}},
    {"type": "link", "url": "javascript:x", "text": "bad"},
    {"type": "date", "timestamp": 0, "format": "{date_num}", "fallback": "then"},
    {"type": "broadcast", "range": "channel"},
    {"type": "color", "value": "#3f3d8f"},
]
RICH = [
    {"type": "rich_text_section", "elements": WORDS},
    {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q"}]},
    {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "<p>"}]},
    {
        "type": "rich_text_list",
        "style": "ordered",
        "indent": 1,
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "item"}]}],
    },
]
TASK = {"type": "task_card", "task_id": "1", "title": "Read <b>", "status": "complete"}


async def drawn(page: Page, block: dict[str, Any]) -> str:
    """The HTML that the page's own modules make of one block."""
    script = "async (b) => { const m = await import('/page/blocks.js'); return m.blocks([b], () => {})[0].outerHTML; }"
    return str(await page.evaluate(script, block))


async def test_mrkdwn_becomes_what_slack_shows(stage: Scene, browser: Browser) -> None:
    page, problems = await open_page(stage, browser, timezone_id="UTC")
    script = "async (t) => (await import('/page/text.js')).mrkdwn(t).innerHTML"
    assert {text: await page.evaluate(script, text) for text in MRKDWN} == MRKDWN
    assert problems == []


@pytest.mark.slow
async def test_rich_text_keeps_styles_lists_and_refuses_scripts(stage: Scene, browser: Browser) -> None:
    page, problems = await open_page(stage, browser, timezone_id="UTC")
    html = await drawn(page, {"type": "rich_text", "elements": RICH})
    assert "<strong><em><u><s>all</s></u></em></strong>" in html
    assert "<span>bad</span>" in html and "javascript" not in html
    assert ">1970-01-01</time>" in html and '<span class="mention">@channel</span>' in html
    assert "<code>#3f3d8f</code>" in html and "<blockquote>q</blockquote>" in html and "<pre>&lt;p&gt;</pre>" in html
    assert '<ol class="indent-1"><li>item</li></ol>' in re.sub(r"</?div>", "", html)
    assert problems == []


@pytest.mark.slow
async def test_plan_shows_its_tasks_and_how_far_they_are(stage: Scene, browser: Browser) -> None:
    page, problems = await open_page(stage, browser)
    tasks = [TASK, TASK | {"task_id": "2", "status": "in_progress", "title": "Write"}]
    await page.evaluate(
        "async (b) => { const m = await import('/page/blocks.js');"
        " document.querySelector('#channel-list').append(...m.blocks([b], () => {})); }",
        {"type": "plan", "title": "The plan", "tasks": tasks},
    )
    plan = page.locator(".plan")
    await expect(plan.locator("strong")).to_have_text("The plan")
    await expect(plan.locator(".task")).to_contain_text(["Read <b>", "Write"])
    await expect(plan.get_by_role("img", name="in_progress")).to_be_visible()
    assert problems == []


async def test_policy_lets_nothing_in_from_elsewhere(stage: Scene, browser: Browser) -> None:
    """Should markup ever get in, the browser runs none of it: tried with an inline script and a handler."""
    page, _ = await open_page(stage, browser)
    response = await page.goto(stage.workspace.base_url)
    policy = dict(
        part.strip().split(" ", 1)
        for part in (response.headers if response else {})["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in str(policy) and "https:" not in str(policy)
    await page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.owned = 1';"
        " document.body.append(s); document.body.setAttribute('onclick', 'window.owned = 1'); document.body.click(); }"
    )
    assert await page.evaluate("window.owned === undefined")
