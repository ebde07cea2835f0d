"""All buckets of one sort of pod: which node is in which, in what order, and which nodes are ruled out and why."""

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush, heapreplace

from kubesim.scheduler.diagnosis import Sort, sort_of
from kubesim.scheduler.framework import Status
from kubesim.scheduler.placement.parts import INDEX_BITS, INDEX_MASK, Bucket, Group, Host, entry

Listed = tuple[list[Bucket], list[Group]]


class Buckets:
    """The nodes that fit, in buckets, and the others with their status. Nodes are known by index."""

    def __init__(self) -> None:
        self.where: list[Bucket | None] = []
        """The bucket of each node."""
        self.scores: list[int] = []
        """The score of each node that is in a bucket."""
        self.by_key: dict[tuple[int, Host], Bucket] = {}
        self.fitting = 0
        """How many nodes are in buckets."""
        self.failures: dict[int, Status] = {}
        self.counts: dict[Sort, int] = {}
        """The number of failures of each sort."""
        self._listed: Listed | None = None

    def grow(self, count: int) -> None:
        """Make room for so many nodes."""
        missing = count - len(self.where)
        if missing > 0:
            self.where += [None] * missing
            self.scores += [0] * missing

    def listed(self) -> Listed:
        """The buckets and their groups; one object until a bucket comes or goes."""
        if self._listed is None:
            self._listed = (list(self.by_key.values()), groups_of(self.by_key.values()))
        return self._listed

    # ------------------------------------------------------------------ following
    def put(self, index: int, group: Group, host: Host, score: int) -> None:
        """A node fits, with this score."""
        old = self.where[index]
        key = (group.serial, host)
        if old is not None and old.key == key:
            self.rescore(old, index, score)
            return
        self.drop(index)
        bucket = self.by_key.get(key)
        if bucket is None:
            bucket = self.by_key[key] = Bucket(key, group, host)
            self._listed = None
        bucket.size += 1
        self.fitting += 1
        self.where[index] = bucket
        self.scores[index] = score
        self.push(bucket, index, score)

    def rescore(self, bucket: Bucket, index: int, score: int) -> None:
        """A node of the bucket has another score; one that got worse is sorted in again when it comes first."""
        before = self.scores[index]
        self.scores[index] = score
        if score > before:
            self.push(bucket, index, score)

    def push(self, bucket: Bucket, index: int, score: int) -> None:
        """Sort a node of the bucket in by its score."""
        heap = bucket.heap
        heappush(heap, index - (score << INDEX_BITS))
        if len(heap) > 4 * bucket.size + 64:
            where, scores = self.where, self.scores
            known = dict.fromkeys([found & INDEX_MASK for found in heap])
            bucket.heap = [entry(scores[index], index) for index in known if where[index] is bucket]
            heapify(bucket.heap)

    def fail(self, index: int, status: Status) -> None:
        """A node is ruled out."""
        self.drop(index)
        self.failures[index] = status
        sort = sort_of(status)
        self.counts[sort] = self.counts.get(sort, 0) + 1

    def drop(self, index: int) -> None:
        """Forget what is known of a node."""
        bucket = self.where[index]
        if bucket is not None:
            self.where[index] = None
            bucket.size -= 1
            self.fitting -= 1
            if not bucket.size:
                del self.by_key[bucket.key]
                self._listed = None
            return
        status = self.failures.pop(index, None)
        if status is not None:
            sort = sort_of(status)
            self.counts[sort] -= 1
            if not self.counts[sort]:
                del self.counts[sort]

    # ------------------------------------------------------------------ deciding
    def pick(self, buckets: Sequence[Bucket]) -> tuple[int, int]:
        """The best total of ``bonus`` and score over some buckets, and the first node that has it."""
        where, scores = self.where, self.scores
        best_total, best_index = -1, -1
        for bucket in buckets:
            heap = bucket.heap
            first = heap[0]
            score = -(first >> INDEX_BITS)
            # The first of a heap is never worse than its first entry that still holds.
            if bucket.bonus + score < best_total:
                continue
            index = first & INDEX_MASK
            while where[index] is not bucket or scores[index] != score:
                if where[index] is bucket:
                    heapreplace(heap, entry(scores[index], index))
                else:
                    heappop(heap)
                first = heap[0]
                score, index = -(first >> INDEX_BITS), first & INDEX_MASK
            total = bucket.bonus + score
            if total > best_total or (total == best_total and index < best_index):
                best_total, best_index = total, index
        return best_total, best_index


def groups_of(buckets: Iterable[Bucket]) -> list[Group]:
    """The distinct groups of buckets, in order."""
    return list({bucket.key[0]: bucket.group for bucket in buckets}.values())
