import asyncio, random
from tests.scenarios.conftest import *
from tests.scenarios.child_bot import ChildBot
from bot.cli.seen import read_answer
async def test_kills(empty_house):
    house=empty_house
    child=ChildBot(house.place, house.folder)
    rnd=random.Random(7)
    bad=[]
    for round in range(14):
        await child.start(delay_s=0.01)
        asked = await house.post("ana", "lab", RENT, files=[(f"lease{round}.txt", LEASE.encode()+b"Round %d."%round), ("broken.pdf", b"%PDF nothing")])
        for k in range(2):
            await asyncio.sleep(rnd.uniform(0.0, 1.3))
            await child.kill()
            await child.start(delay_s=0.01)
        def look():
            w=[m for m in house.replies(asked) if not m.streaming and read_answer(m,"",0,0).is_whole]
            return w and house.place.core.hub.is_idle
        try:
            await house.place.wait_for(look, 20)
        except TimeoutError:
            bad.append(("timeout", round, [m.text for m in house.ours(asked)]))
        await asyncio.sleep(0.5)
        await child.kill()
        n=len(house.replies(asked)); r=len(house.notices(asked))
        print(round, n, r, asked.reactions)
        if n!=1 or r!=1: bad.append((round,n,r))
    print("BAD",bad, house.place.core.hub.lost)
    assert 0
