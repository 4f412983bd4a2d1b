"""The live page in a real browser: it moves by itself, decides, and runs nothing that came from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

if TYPE_CHECKING:
    from dashboard.conftest import Board, Story

pytestmark = pytest.mark.browser

# Chromium looks for Google's hosts and updates at every start unless it is told not to.
CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
INCIDENT = "0192f000-0000-7000-8000-000000000001"


class Visit:
    """One browser window on the dashboard, and everything it asked for or complained about."""

    def __init__(self, board: Board, url: str, context: BrowserContext, page: Page) -> None:
        self.board, self.url, self.context, self.page = board, url, context, page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def open(self, path: str) -> None:
        await self.page.goto(self.url + path)
        await expect(self.page.locator("#connection")).to_have_attribute("data-state", "live")


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        yield browser
        await browser.close()


@pytest.fixture
async def visit(told: Board, serve: Callable[..., Any]) -> AsyncIterator[Visit]:
    """Nina looks at the dashboard."""
    async with serve(told) as served, browser() as window:
        context = await window.new_context(viewport={"width": 1280, "height": 900})
        await context.add_cookies([{"name": "nocmesh_session", "value": "s-nina", "url": served.url}])
        page = await context.new_page()
        visit = Visit(told, served.url, context, page)
        yield visit
        await context.close()
        assert [url for url in visit.requests if not url.startswith(served.url)] == [], "something external was asked"


async def test_a_new_incident_appears_without_reload_and_focus_and_filter_stay(visit: Visit, story: Story) -> None:
    await visit.open("/")
    await visit.page.keyboard.press("/")
    await visit.page.keyboard.type("r9")
    await expect(visit.page.locator("#no-match")).to_be_visible()
    await visit.page.evaluate("window.stays = true")
    story.incident, story.alert = "i-new", replace(story.alert, device="r9", summary="r9 is unreachable")
    await visit.board.backend.tell(*story.opened())
    row = visit.page.locator("#row-i-new")
    await expect(row).to_be_visible()
    await expect(visit.page.locator(f"#row-{INCIDENT}")).to_be_hidden()
    assert await visit.page.evaluate("document.activeElement.id") == "filter"
    assert await visit.page.evaluate("window.stays")
    assert visit.complaints == []


async def test_an_approval_needs_the_change_to_be_read_then_votes(visit: Visit) -> None:
    await visit.open(f"/incidents/{INCIDENT}")
    page = visit.page
    await page.get_by_label("Comment").fill("checked with the peer")
    approve = page.get_by_role("button", name="Approve change on r1")
    await approve.click()
    approval = await visit.board.backend.records.approvals("pending")
    assert approval.items[0]["votes"] == []
    await page.get_by_label("I have read the change and its rollback").check()
    await approve.click()
    await expect(page.locator(".notice.done")).to_contain_text("Your approval of the change on r1 is recorded.")
    await expect(page.locator(".votes")).to_contain_text("1 of 2 approvals")
    vote = (await visit.board.backend.records.approvals("pending")).items[0]["votes"][0]
    assert (vote["person"], vote["decision"], vote["comment"]) == ("nina", "approve", "checked with the peer")
    assert visit.complaints == []


async def test_what_a_person_types_and_opens_survives_a_live_update(visit: Visit, story: Story) -> None:
    await visit.open(f"/incidents/{INCIDENT}")
    page = visit.page
    await page.get_by_label("Comment").fill("half a thou")
    await page.get_by_label("I have read the change and its rollback").check()
    await page.locator(".steps > summary").click()
    await page.locator(".raw", has_text="show ip bgp summary").locator("summary").click()
    raw = page.locator(".raw pre", has_text="BGP router identifier 10.255.0.1")
    await expect(raw).to_be_visible()
    await visit.board.backend.tell(story.session(5, "thought", "one more look"))
    await expect(page.locator(".entry", has_text="one more look")).to_be_visible()
    await expect(raw).to_be_visible()
    await expect(page.get_by_label("Comment")).to_have_value("half a thou")
    await expect(page.get_by_label("I have read the change and its rollback")).to_be_checked()


async def test_a_phone_shows_what_how_bad_and_what_to_do_without_scrolling(visit: Visit) -> None:
    await visit.page.set_viewport_size({"width": 390, "height": 844})
    await visit.open(f"/incidents/{INCIDENT}")
    answers = visit.page.locator(".answers")
    await expect(answers).to_contain_text("r1 expects AS 65020 from 10.0.12.2")
    box = await answers.locator(".do").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 844
    await answers.get_by_role("link", name="To the decision").click()
    await expect(visit.page.get_by_text("Decide on this change")).to_be_in_viewport()
    assert visit.complaints == []


async def test_quotes_are_one_click_away_and_stay_open(visit: Visit, story: Story) -> None:
    await visit.open(f"/incidents/{INCIDENT}")
    quote = visit.page.locator(".evidence pre", has_text="10.0.12.2       4      65020")
    await expect(quote).to_be_hidden()
    await visit.page.get_by_text("Show the quote").click()
    await expect(quote).to_be_visible()
    await expect(visit.page.locator(".evidence figcaption")).to_have_text("r1 show ip bgp summary")
    await visit.board.backend.tell(story.session(5, "thought", "one more look"))
    await expect(visit.page.locator(".steps > summary")).to_contain_text("one more look")
    await expect(quote).to_be_visible()


async def test_the_answers_follow_what_happens_without_reload(visit: Visit, story: Story) -> None:
    await visit.open(f"/incidents/{INCIDENT}")
    await visit.page.evaluate("window.stays = true")
    do = visit.page.locator(".answers .do dd")
    await expect(do).to_contain_text("Approve or reject the change on r1")
    for person in ("omar", "nina"):
        async with visit.board.client(person) as client:
            approvals = (await client.get("/api/approvals")).json()["items"]
            await client.post(f"/api/approvals/{approvals[0]['approval_id']}/decisions", json={"decision": "approve"})
    await visit.board.backend.tell(*story.fixed())
    await expect(do).to_have_text("Nothing: it is fixed, and the checks that proved the fault pass now.")
    await expect(visit.page.locator(".needs-nothing")).to_be_visible()
    assert await visit.page.evaluate("window.stays")
    assert visit.complaints == []


async def test_another_persons_vote_shows_at_once_and_the_form_goes_when_it_is_decided(visit: Visit) -> None:
    await visit.open(f"/incidents/{INCIDENT}")
    for person, shown in (("omar", "1 of 2"), ("nina", "2 of 2")):
        async with visit.board.client(person) as client:
            approvals = (await client.get("/api/approvals")).json()["items"]
            await client.post(f"/api/approvals/{approvals[0]['approval_id']}/decisions", json={"decision": "approve"})
        await expect(visit.page.locator(".votes")).to_contain_text(shown)
    await expect(visit.page.locator(".decide")).to_have_count(0)
    await expect(visit.page.locator("#pending")).to_contain_text("nothing waits")
    heading = visit.page.locator(".approval h2")
    assert await heading.inner_text() == "Change approved r1", "as it is laid out: heading and device apart"


async def test_the_keyboard_walks_the_list_and_the_address_follows(visit: Visit, story: Story) -> None:
    story.incident, story.alert = "i-older", replace(story.alert, received_at=story.now.replace(hour=8))
    await visit.board.backend.tell(*story.opened())
    await visit.open("/")
    await visit.page.keyboard.press("j")
    await expect(visit.page).to_have_url(f"{visit.url}/incidents/{INCIDENT}?show=open")
    await expect(visit.page.locator("h1")).to_have_text("BGP session r1 – r2 is down")
    await visit.page.keyboard.press("j")
    await expect(visit.page).to_have_url(f"{visit.url}/incidents/i-older?show=open")
    await expect(visit.page.locator("#row-i-older a")).to_have_attribute("aria-current", "true")
    await visit.page.keyboard.press("k")
    await expect(visit.page).to_have_title("BGP session r1 – r2 is down · nocmesh")
    await visit.page.keyboard.press("Escape")
    await expect(visit.page).to_have_url(f"{visit.url}/?show=open")
    assert visit.complaints == []


HOSTILE = '"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script><a href=\'javascript:1\'>\u202egnp'


async def test_hostile_text_is_shown_and_never_runs(visit: Visit, story: Story) -> None:
    await visit.open("/")
    story.incident, story.approval = "i-evil", "a-evil"
    story.alert = replace(story.alert, summary=HOSTILE, name=HOSTILE, device=HOSTILE)
    story.change = replace(story.change, diff=f"+{HOSTILE}", commands=[HOSTILE], device=HOSTILE, summary=HOSTILE)
    await visit.board.backend.tell(*story.all_until_decision(), story.session(9, "thought", HOSTILE))
    await expect(visit.page.locator("#row-i-evil")).to_be_visible()
    await visit.open("/incidents/i-evil")
    await expect(visit.page.locator(".diff .add")).to_contain_text("<script>window.hacked=1</script>")
    await expect(visit.page.locator(".diff .add")).to_contain_text("⟨U+202E⟩gnp")
    assert await visit.page.evaluate("window.hacked") is None
    assert await visit.page.locator("#pane img, #pane script, a[href^='javascript']").count() == 0
    assert visit.complaints == []


async def test_even_markup_that_got_in_could_not_run(visit: Visit) -> None:
    await visit.open("/")
    await visit.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"/none\" onerror=\"window.hacked = 1\">')"
    )
    async with asyncio.timeout(5):
        while not any("Content Security Policy" in line for line in visit.complaints):
            await visit.page.evaluate("1")
    assert await visit.page.evaluate("window.hacked") is None


async def test_the_badge_says_when_it_is_not_live_and_nothing_is_lost(
    told: Board, story: Story, serve: Callable[..., Any]
) -> None:
    async with browser() as window:
        async with serve(told) as served:
            page = await window.new_page(extra_http_headers={"Authorization": "Bearer nocm_nina"})
            await page.goto(served.url)
            await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        await expect(page.locator("#connection")).to_have_attribute("data-state", "reconnecting")
        story.incident = "i-missed"
        await told.backend.tell(*story.opened())
        told.reopen()
        async with serve(told, port=served.port):
            await expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=15_000)
            await expect(page.locator("#row-i-missed")).to_be_visible()


@pytest.mark.parametrize("system", ["light", "dark"])
async def test_it_follows_the_system_and_the_switch_stays(visit: Visit, system: Any) -> None:
    await visit.page.emulate_media(color_scheme=system)
    await visit.open("/")

    async def paper() -> int:
        color = await visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(color.removeprefix("rgb(").split(",")[0])

    was_dark = await paper() < 100
    assert was_dark is (system == "dark")
    await visit.page.locator("#theme").click()
    assert (await paper() < 100) is not was_dark
    await visit.open(f"/incidents/{INCIDENT}")
    assert (await paper() < 100) is not was_dark


@pytest.mark.parametrize("path", ["/", f"/incidents/{INCIDENT}", "/sign-in"])
async def test_a_phone_needs_no_sideways_scrolling(visit: Visit, path: str) -> None:
    await visit.page.set_viewport_size({"width": 360, "height": 780})
    await visit.page.goto(visit.url + path)
    for details in await visit.page.locator("summary").all():
        await details.click()
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == 360


# WCAG 2.2 §1.4.3: relative luminance of text against what is painted behind it.
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const l = [r, g, b].map((v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
    if (c[3] > 250) return c; } return [255, 255, 255]; };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.checkVisibility() || e.matches('script, .skip')) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const said = walker.currentNode.data.trim().slice(0, 30);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${e.className || e.tagName}: ${said}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("system", ["light", "dark"])
async def test_all_text_has_enough_contrast(visit: Visit, system: Any, all_agents: list[Any]) -> None:
    visit.board.backend.present = all_agents
    await visit.page.emulate_media(color_scheme=system)
    for path in ("/", f"/incidents/{INCIDENT}"):
        await visit.open(path)
        assert await visit.page.evaluate(CONTRAST) == []


async def test_without_scripts_the_page_still_shows_and_decides(told: Board, serve: Callable[..., Any]) -> None:
    async with serve(told) as served, browser() as window:
        context = await window.new_context(java_script_enabled=False)
        await context.add_cookies([{"name": "nocmesh_session", "value": "s-omar", "url": served.url}])
        page = await context.new_page()
        await page.goto(served.url)
        await page.locator("a.row").click()
        await page.get_by_label("I have read the change and its rollback").check()
        await page.get_by_role("button", name="Approve change on r1").click()
        await expect(page.locator(".notice.done")).to_contain_text("is recorded")
        await context.close()
