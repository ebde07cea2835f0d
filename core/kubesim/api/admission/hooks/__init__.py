"""Admission webhooks: MutatingWebhookConfigurations and ValidatingWebhookConfigurations at work."""
