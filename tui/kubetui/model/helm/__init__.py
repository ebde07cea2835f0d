"""Helm in the explorer, without a screen: releases as live rows, their objects' health, plans and predictions."""
