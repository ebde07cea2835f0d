"""The objects that kube-apiserver makes of itself when it starts: they are there from the first revision on."""
