"""Whatever is wrong with the tokens, the administrator reads one sentence that says which and how to mend it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from bot.preflight import NEEDED_SCOPES, Identity, preflight
from bot.settings import Settings
from rag.errors import SettingsError

BOT, APP = "xoxb-right", "xapp-right"
KNOWN_BOT = {
    "ok": True,
    "url": "https://acme.slack.com/",
    "team": "Acme",
    "team_id": "T1",
    "user_id": "U1",
    "bot_id": "B1",
    "app_id": "A1",
}


class FakeSlack:
    """Two methods, each answering what a test told it to."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "auth.test": dict(KNOWN_BOT),
            "apps.connections.open": {"ok": True, "url": "wss://x/link/?ticket=1&app_id=A1"},
        }
        self.scopes = ",".join(sorted(NEEDED_SCOPES))
        self.seen: dict[str, str] = {}
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.seen[method] = request.headers.get("Authorization", "")
        answer = self.answers[method]
        if isinstance(answer, web.Response):
            return answer
        return web.json_response(answer, headers={"X-OAuth-Scopes": self.scopes})


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    fake = FakeSlack()
    application = web.Application()
    application.router.add_route("*", "/api/{method}", fake.handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    yield fake
    await runner.cleanup()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "INHOUSE_SLACK_BOT_TOKEN", "INHOUSE_SLACK_APP_TOKEN"):
        monkeypatch.delenv(name, raising=False)


async def check(slack: FakeSlack, bot: str | None = BOT, app: str | None = APP) -> Identity:
    return await preflight(
        Settings.load(env_file=None, slack_bot_token=bot, slack_app_token=app, slack_api_url=slack.url)
    )


async def refusal(slack: FakeSlack, bot: str | None = BOT, app: str | None = APP) -> str:
    with pytest.raises(SettingsError) as caught:
        await check(slack, bot, app)
    assert not any(token in f"{caught.value!r}" for token in (bot, app) if token), "a token is in the error"
    assert caught.value.user_message.endswith(".")
    return caught.value.user_message


async def test_two_right_tokens_say_who_the_bot_is(slack: FakeSlack) -> None:
    identity = await check(slack)
    assert identity == Identity("T1", "Acme", "U1", "B1", NEEDED_SCOPES, "https://acme.slack.com/")


async def test_each_token_goes_to_its_own_method_only(slack: FakeSlack) -> None:
    await check(slack)
    assert slack.seen == {"auth.test": f"Bearer {BOT}", "apps.connections.open": f"Bearer {APP}"}


@pytest.mark.parametrize(
    ("bot", "app", "words"),
    [
        (None, APP, ["INHOUSE_SLACK_BOT_TOKEN is not set", "OAuth & Permissions"]),
        (BOT, None, ["INHOUSE_SLACK_APP_TOKEN is not set", "connections:write"]),
        (APP, BOT, ["INHOUSE_SLACK_BOT_TOKEN", "app-level token", "swapped"]),
        ("xoxp-1", APP, ["INHOUSE_SLACK_BOT_TOKEN", "user token"]),
        ("hunter2", APP, ["INHOUSE_SLACK_BOT_TOKEN", "not a Slack token"]),
        (BOT, "xoxb-other", ["INHOUSE_SLACK_APP_TOKEN", "bot token", "swapped"]),
        ("xoxe.xoxb-1", APP, ["token rotation"]),
    ],
)
async def test_a_token_of_the_wrong_kind_is_named_before_slack_is_asked(
    slack: FakeSlack, bot: str | None, app: str | None, words: list[str]
) -> None:
    sentence = await refusal(slack, bot, app)
    assert all(word in sentence for word in words), sentence
    assert slack.seen == {}


@pytest.mark.parametrize("error", ["invalid_auth", "account_inactive", "token_revoked", "token_expired", "new_error"])
@pytest.mark.parametrize(
    ("method", "variable"),
    [("auth.test", "INHOUSE_SLACK_BOT_TOKEN"), ("apps.connections.open", "INHOUSE_SLACK_APP_TOKEN")],
)
async def test_a_token_that_slack_refuses_is_named(slack: FakeSlack, method: str, variable: str, error: str) -> None:
    slack.answers[method] = {"ok": False, "error": error}
    sentence = await refusal(slack)
    assert variable in sentence
    assert "api.slack.com/apps" in sentence


async def test_a_scope_missing_from_the_bot_token_is_named(slack: FakeSlack) -> None:
    slack.scopes = ",".join(sorted(NEEDED_SCOPES - {"files:read", "im:history"}))
    assert "files:read, im:history" in await refusal(slack)


async def test_an_app_token_without_its_scope_is_named(slack: FakeSlack) -> None:
    slack.answers["apps.connections.open"] = {"ok": False, "error": "missing_scope", "needed": "connections:write"}
    assert "lacks the scope connections:write" in await refusal(slack)


async def test_a_persons_token_is_refused(slack: FakeSlack) -> None:
    del slack.answers["auth.test"]["bot_id"]
    assert "a person" in await refusal(slack)


async def test_tokens_of_two_apps_are_refused(slack: FakeSlack) -> None:
    """Both work, and the bot would be deaf: its events go to the other app."""
    slack.answers["apps.connections.open"]["url"] = "wss://x/link/?ticket=1&app_id=A2"
    sentence = await refusal(slack)
    assert "two different Slack apps" in sentence
    assert "A1" in sentence
    assert "A2" in sentence


async def test_a_login_page_instead_of_slack_is_recognised(slack: FakeSlack) -> None:
    slack.answers["auth.test"] = web.Response(text="<html>Please log in</html>", content_type="text/html")
    assert "did not come from Slack" in await refusal(slack)


async def test_a_proxys_error_is_recognised(slack: FakeSlack) -> None:
    slack.answers["auth.test"] = web.Response(status=502, text="bad gateway")
    assert "did not come from Slack" in await refusal(slack)


async def test_a_rate_limit_asks_for_patience(slack: FakeSlack) -> None:
    slack.answers["auth.test"] = web.json_response(
        {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "30"}
    )
    assert "wait a minute" in await refusal(slack)


async def test_an_unreachable_slack_is_named(slack: FakeSlack, unused_tcp_port_factory: Callable[[], int]) -> None:
    slack.url = f"http://127.0.0.1:{unused_tcp_port_factory()}/api/"
    assert "cannot be reached at 127.0.0.1" in await refusal(slack)


async def test_a_proxy_in_the_environment_is_not_asked_for_this_machines_own_address(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """slack_sdk takes HTTPS_PROXY and ignores NO_PROXY, so the local workspace was out of reach."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert (await check(slack)).team == "Acme"
