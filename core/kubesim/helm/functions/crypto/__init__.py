"""Cryptography: password hashes, ciphers, keys and certificates, all out of the render's own source of chance."""

from kubesim.helm.functions.crypto.certificates import FUNCTIONS as CERTIFICATE_FUNCTIONS
from kubesim.helm.functions.crypto.keys import FUNCTIONS as KEY_FUNCTIONS
from kubesim.helm.functions.crypto.passwords import FUNCTIONS as PASSWORD_FUNCTIONS

FUNCTIONS = (*CERTIFICATE_FUNCTIONS, *KEY_FUNCTIONS, *PASSWORD_FUNCTIONS)

__all__ = ["FUNCTIONS"]
