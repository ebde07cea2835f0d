"""The journal: chains of causes, and a digest that does not depend on when entries are folded."""

from kubesim.kernel.journal import BLOCK, Entry, Journal
from kubesim.objects.wire import DEPLOYMENTS, PODS, REPLICASETS


def entry(revision: int, cause: int = 0, actor: str = "x", gvr=PODS) -> Entry:
    return Entry(revision, revision * 10, actor, "create", gvr, "default", f"o{revision}", "", cause, "")


def test_a_chain_leads_back_to_the_person():
    journal = Journal()
    journal.append(entry(2, 0, "you", DEPLOYMENTS))
    journal.append(entry(3, 2, "deployment-controller", REPLICASETS))
    journal.append(entry(4, 0))
    journal.append(entry(5, 3, "replicaset-controller"))
    assert [found.actor for found in journal.chain(5)] == ["replicaset-controller", "deployment-controller", "you"]
    assert journal.find(6) is None


def test_the_digest_does_not_depend_on_folding():
    small, large = Journal(retain=300), Journal(retain=1000)
    for revision in range(2, 2000):
        for journal in (small, large):
            journal.append(entry(revision, revision // 2))
    assert small.dropped > 0
    assert small.digest() == large.digest()
    assert len(small) == len(large) == 1998


def test_the_digest_sees_every_field():
    one, other = Journal(), Journal()
    one.append(entry(2))
    other.append(entry(2)._replace(cause=1))
    assert one.digest() != other.digest()


def test_positions_survive_forgetting():
    journal = Journal(retain=BLOCK)
    for revision in range(2, 2 + 2 * BLOCK):
        journal.append(entry(revision))
    assert journal.dropped == BLOCK
    assert [found.revision for found in journal.since(2 * BLOCK - 2)] == [2 * BLOCK, 2 * BLOCK + 1]
    assert len(journal.since(0)) == BLOCK
