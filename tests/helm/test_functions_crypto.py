"""Keys, certificates, passwords and random text: valid, and the same for the same seed."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from helm.rendering import failure, render

CHAIN = """{{ $ca := genCA "authority" 365 -}}
{{ $c := genSignedCert "server" (list "10.0.0.1") (list "a.b" "*.c") 30 $ca -}}
{{ $ca.Cert }}{{ $c.Cert }}{{ $c.Key }}"""


def blocks(text: str) -> list[bytes]:
    return [f"-----BEGIN{part}".encode() for part in text.split("-----BEGIN")[1:]]


def test_signed_certificates():
    authority, server, key = blocks(render(CHAIN))
    ca, cert = x509.load_pem_x509_certificate(authority), x509.load_pem_x509_certificate(server)
    cert.verify_directly_issued_by(ca)
    ca.verify_directly_issued_by(ca)
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.b", "*.c"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]
    assert cert.not_valid_before_utc.timestamp() == 1_700_000_000
    assert (cert.not_valid_after_utc - cert.not_valid_before_utc).days == 30
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    private = serialization.load_pem_private_key(key, None)
    assert private.public_key() == cert.public_key()


def test_the_seed_decides():
    assert render(CHAIN) == render(CHAIN)
    text = (
        "{{ randAlphaNum 20 }} {{ uuidv4 }} {{ shuffle `abcdef` }} {{ randBytes 4 }} {{ randAscii 5 }}"
        " {{ randInt 0 100 }}"
    )
    assert render(text, seed=5) == render(text, seed=5)
    assert render(text, seed=5) != render(text, seed=6)


def test_given_keys():
    text = """{{ $k := genPrivateKey "ecdsa" }}{{ $ca := genCAWithKey "x" 10 $k -}}
    {{ $c := genSignedCertWithKey "cn" nil nil 5 $ca (genPrivateKey "ed25519") }}{{ $ca.Cert }}{{ $c.Cert }}
    {{ (buildCustomCert (b64enc $c.Cert) (b64enc $c.Key)).Key }}"""
    authority, server, key = blocks(render(text))
    x509.load_pem_x509_certificate(server).verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    assert key.startswith(b"-----BEGIN PRIVATE KEY-----")


def test_self_signed():
    (cert,) = blocks(render('{{ (genSelfSignedCert "me" (list) (list "x") 1).Cert }}'))
    loaded = x509.load_pem_x509_certificate(cert)
    loaded.verify_directly_issued_by(loaded)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{{ genSignedCert "a" nil nil 1 "x" }}', 'can\'t handle "x" for arg of type sprig.certificate'),
        ('{{ genSelfSignedCert "a" (list "x") nil 1 }}', "error parsing ip: x"),
        ('{{ genSelfSignedCert "a" (list 1) nil 1 }}', "error parsing ip: 1 is not a string"),
        ('{{ genSelfSignedCert "a" nil (list 1) 1 }}', "error processing alternate dns name: 1 is not a string"),
        ('{{ genCAWithKey "a" 1 "x" }}', "parsing private key: no PEM data in input"),
        ('{{ buildCustomCert "!" "" }}', "unable to decode base64 certificate"),
        ('{{ buildCustomCert "YQ==" "YQ==" }}', "unable to decode certificate"),
    ],
)
def test_failures(text: str, message: str):
    assert failure(text).endswith(f": {message}")


def test_passwords():
    assert render('{{ derivePassword 1 "long" "password" "user" "example.com" }}') == "ZedaFaxcZaso9*"
    assert render('{{ derivePassword 1 "odd" "p" "u" "s" }}') == "cannot find password template odd"
    assert render('{{ htpasswd "a:b" "x" }}') == "invalid username: a:b"
    line = render('{{ htpasswd "user" "secret" }}')
    assert line.startswith("user:$2a$10$")
    import bcrypt

    assert bcrypt.checkpw(b"secret", line.removeprefix("user:").encode())
    assert "exceeds 72 bytes" in render('{{ bcrypt (repeat 73 "x") }}')


def test_ciphers():
    assert render('{{ "hidden" | encryptAES "k" | decryptAES "k" }}') == "hidden"
    assert render('{{ encryptAES "k" "" }}{{ decryptAES "k" "" }}') == ""
    assert failure('{{ decryptAES "k" "YQ==" }}').endswith("slice bounds out of range [:16] with capacity 1")


def test_random_alphabets():
    assert (
        render("{{ regexMatch `^[0-9]{9}$` (randNumeric 9) }}{{ regexMatch `^[A-Za-z]{9}$` (randAlpha 9) }}")
        == "truetrue"
    )
    assert render("{{ len (randBytes 12) }} {{ randAlphaNum 0 }}|{{ regexMatch `-4...-[89ab]` uuidv4 }}") == "16 |true"


def test_unknown_key_type():
    assert render('{{ genPrivateKey "bad" }}') == "Unknown type bad"
