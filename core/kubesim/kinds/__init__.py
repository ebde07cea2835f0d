"""What is particular to a kind: defaults, validation, what may change, allocations, printed columns."""

from kubesim.api.schema import Schema
from kubesim.api.strategy import Strategy
from kubesim.kernel.chance import Chance
from kubesim.kinds.access import ClusterRoleBindingStrategy, ClusterRoleStrategy, RoleBindingStrategy, RoleStrategy
from kubesim.kinds.autoscaling import AutoscalerStrategy, OldAutoscalerStrategy
from kubesim.kinds.batch import CronJobStrategy, JobStrategy
from kubesim.kinds.certificates import CertificateRequestStrategy
from kubesim.kinds.cluster import NamespaceStrategy, NodeStrategy
from kubesim.kinds.config import ConfigMapStrategy, SecretStrategy, ServiceAccountStrategy
from kubesim.kinds.definition import DefinitionStrategy
from kubesim.kinds.devices.strategies import STRATEGIES as DEVICES
from kubesim.kinds.discovery import EndpointSliceStrategy, EndpointsStrategy, LeaseStrategy
from kubesim.kinds.events import EventStrategy, NewEventStrategy
from kubesim.kinds.fault import BindingStrategy, FaultStrategy
from kubesim.kinds.flowcontrol import FlowSchemaStrategy, PriorityLevelStrategy
from kubesim.kinds.generic import generic
from kubesim.kinds.limits import BudgetStrategy, LimitRangeStrategy, PriorityClassStrategy, ResourceQuotaStrategy
from kubesim.kinds.load import LoadStrategy
from kubesim.kinds.networking import IngressClassStrategy, IngressStrategy, NetworkPolicyStrategy
from kubesim.kinds.plain import Plain
from kubesim.kinds.pod.strategy import PodStrategy
from kubesim.kinds.registration import (
    MutatingPolicyBindingStrategy,
    MutatingPolicyStrategy,
    MutatingWebhookStrategy,
    PolicyBindingStrategy,
    ValidatingPolicyStrategy,
    ValidatingWebhookStrategy,
)
from kubesim.kinds.service.strategy import ServiceStrategy
from kubesim.kinds.servicecidrs import ServiceCidrStrategy
from kubesim.kinds.storage import (
    AttachmentStrategy,
    ClaimStrategy,
    CsiNodeStrategy,
    DriverStrategy,
    StorageClassStrategy,
    VolumeStrategy,
)
from kubesim.kinds.workloads.deployment import DeploymentStrategy
from kubesim.kinds.workloads.replicas import ReplicaSetStrategy, ReplicationControllerStrategy
from kubesim.kinds.workloads.sets import ControllerRevisionStrategy, DaemonSetStrategy, StatefulSetStrategy

KINDS: tuple[type[Plain], ...] = (
    AttachmentStrategy,
    AutoscalerStrategy,
    BindingStrategy,
    BudgetStrategy,
    CertificateRequestStrategy,
    ClaimStrategy,
    ClusterRoleBindingStrategy,
    ClusterRoleStrategy,
    ConfigMapStrategy,
    ControllerRevisionStrategy,
    CronJobStrategy,
    CsiNodeStrategy,
    DaemonSetStrategy,
    DefinitionStrategy,
    DeploymentStrategy,
    DriverStrategy,
    EndpointSliceStrategy,
    EndpointsStrategy,
    EventStrategy,
    FaultStrategy,
    FlowSchemaStrategy,
    IngressClassStrategy,
    IngressStrategy,
    JobStrategy,
    LeaseStrategy,
    LimitRangeStrategy,
    LoadStrategy,
    MutatingPolicyBindingStrategy,
    MutatingPolicyStrategy,
    MutatingWebhookStrategy,
    NamespaceStrategy,
    NetworkPolicyStrategy,
    NewEventStrategy,
    NodeStrategy,
    OldAutoscalerStrategy,
    PodStrategy,
    PolicyBindingStrategy,
    PriorityClassStrategy,
    PriorityLevelStrategy,
    ReplicaSetStrategy,
    ReplicationControllerStrategy,
    ResourceQuotaStrategy,
    RoleBindingStrategy,
    RoleStrategy,
    SecretStrategy,
    ServiceAccountStrategy,
    StatefulSetStrategy,
    StorageClassStrategy,
    ValidatingPolicyStrategy,
    ValidatingWebhookStrategy,
    VolumeStrategy,
    *DEVICES,
)
"""The kinds with rules of their own; Services, which need chance, come on top."""


def strategies(chance: Chance | None = None) -> list[Strategy]:
    """One strategy for each served resource. ``chance`` decides which addresses and ports Services get."""
    services = ServiceStrategy(chance)
    own: list[Strategy] = [services, ServiceCidrStrategy(services.addresses), *(made() for made in KINDS)]
    known = {strategy.gvr for strategy in own}
    others = [facts for facts in Schema.load().resources() if facts.stable and facts.gvr not in known]
    return [*own, *(generic(facts) for facts in others)]
