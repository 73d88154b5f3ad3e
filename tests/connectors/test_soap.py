"""The shared SOAP session, against a small service of our own."""

import logging

import pytest

from connectors.http import HttpOptions, HttpSession
from connectors.soap import SoapService, judge_soap_status
from tests.connectors.misbehaving import Script, cut_off, reply
from warranty_hub.errors import (
    BusinessError,
    HubError,
    LoginError,
    MalformedAnswerError,
    ProtocolError,
    RetryableError,
    SystemUnreachableError,
)

WSDL = """<?xml version="1.0"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">
  <wsdl:types><xsd:schema targetNamespace="urn:t" elementFormDefault="qualified">
    <xsd:element name="count"><xsd:complexType><xsd:sequence>
      <xsd:element name="in0" type="xsd:int"/></xsd:sequence></xsd:complexType></xsd:element>
    <xsd:element name="countResponse"><xsd:complexType><xsd:sequence>
      <xsd:element name="out" type="xsd:string" nillable="true"/></xsd:sequence></xsd:complexType></xsd:element>
  </xsd:schema></wsdl:types>
  <wsdl:message name="in"><wsdl:part name="parameters" element="t:count"/></wsdl:message>
  <wsdl:message name="out"><wsdl:part name="parameters" element="t:countResponse"/></wsdl:message>
  <wsdl:portType name="P">
    <wsdl:operation name="count"><wsdl:input message="t:in"/><wsdl:output message="t:out"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="B" type="t:P"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="count"><soap:operation soapAction="urn:count"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="S"><wsdl:port name="Q" binding="t:B"><soap:address location="http://internal.name:8080/wrong"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>"""
XML = "text/xml; charset=utf-8"
NO_BINDING = WSDL.replace("http://schemas.xmlsoap.org/wsdl/soap/", "urn:other")


def envelope(body: str) -> str:
    return f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{body}</e:Body></e:Envelope>'


def fault(code: str, text: str = "没有权限") -> str:
    return envelope(f"<e:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></e:Fault>")


GOOD = envelope('<countResponse xmlns="urn:t"><out>42</out></countResponse>')
HUGE = envelope(f'<countResponse xmlns="urn:t"><out>{"x" * 11_000_000}</out></countResponse>')
BOMB = '<?xml version="1.0"?><!DOCTYPE e [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + GOOD.replace("42", "&b;")
DTD = '<?xml version="1.0"?><!DOCTYPE e SYSTEM "http://127.0.0.1:9/x.dtd">' + GOOD


@pytest.fixture
def service(script: Script) -> SoapService:
    script.then(reply(200, WSDL, XML))
    options = HttpOptions(attempts=3, longest_wait=0.02, read_timeout=20)
    return SoapService(HttpSession(script.url, options, judge=judge_soap_status), "/services/T")


def test_the_address_inside_the_wsdl_is_called(service: SoapService, script: Script) -> None:
    script.then(reply(200, GOOD, XML))
    assert service.call("count", 7) == "42"
    assert [(seen.method, seen.path) for seen in script.seen] == [("GET", "/services/T?wsdl"), ("POST", "/services/T")]
    assert script.seen[1].headers["soapaction"] == '"urn:count"'
    assert b"<ns0:in0>7</ns0:in0>" in script.seen[1].body


def test_the_wsdl_is_loaded_for_every_call(service: SoapService, script: Script) -> None:
    script.then(reply(200, GOOD, XML))
    for _ in range(3):
        service.call("count", 7)
    assert [seen.method for seen in script.seen] == ["GET", "POST", "POST", "POST"]


@pytest.mark.parametrize(
    ("status", "body", "error", "calls"),
    [
        (500, fault("soap:Client"), BusinessError, 1),
        (200, fault("soap:Client.Rights"), BusinessError, 1),
        (500, fault("soap:Server"), RetryableError, 3),
        (500, fault(""), RetryableError, 3),
        (500, envelope(""), SystemUnreachableError, 3),
        (500, fault("soap:MustUnderstand"), ProtocolError, 1),
        (200, GOOD[:-30], MalformedAnswerError, 1),
        (200, "<html><body/></html>", MalformedAnswerError, 1),
        (200, envelope(""), MalformedAnswerError, 1),
        (200, envelope('<other xmlns="urn:t"/>'), MalformedAnswerError, 1),
        (200, BOMB, MalformedAnswerError, 1),
        (200, DTD, MalformedAnswerError, 1),
        (200, HUGE, MalformedAnswerError, 1),
        (403, GOOD, LoginError, 1),
        (503, GOOD, SystemUnreachableError, 3),
        (404, GOOD, ProtocolError, 1),
    ],
)
def test_a_bad_answer_ends_in_the_wrong_class(
    service: SoapService, script: Script, status: int, body: str, error: type[HubError], calls: int
) -> None:
    script.then(reply(status, body, XML))
    with pytest.raises(HubError) as caught:
        service.call("count", 7)
    assert type(caught.value) is error
    assert caught.value.__context__ is None
    assert len(script.seen) == 1 + calls


def test_a_fault_hides_its_reason(service: SoapService, script: Script) -> None:
    script.then(reply(500, fault("soap:Client", "没有权限" + "at weaver.java " * 100), XML))
    with pytest.raises(BusinessError, match="没有权限") as caught:
        service.call("count", 7)
    assert caught.value.reply_code == "Client"
    assert len(caught.value.message) < 400


@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
def test_a_login_page_passes_for_an_answer(service: SoapService, script: Script, content_type: str) -> None:
    script.then(reply(200, GOOD, content_type))
    with pytest.raises(MalformedAnswerError, match="instead of XML"):
        service.call("count", 7)


def test_half_an_answer_passes_for_a_whole_one(service: SoapService, script: Script) -> None:
    script.then(cut_off())
    with pytest.raises(MalformedAnswerError, match="broke off"):
        service.call("count", 7)


def test_what_is_not_idempotent_is_sent_twice(service: SoapService, script: Script) -> None:
    script.then(reply(500, fault("soap:Server"), XML), reply(200, GOOD, XML))
    with pytest.raises(RetryableError):
        service.call("count", 7, idempotent=False)
    assert len(script.seen) == 2


def test_a_passing_fault_stops_the_sync(service: SoapService, script: Script) -> None:
    script.then(reply(500, fault("soap:Server"), XML), reply(200, GOOD, XML))
    assert service.call("count", 7) == "42"


def test_another_version_of_the_service_is_called_blindly(service: SoapService, script: Script) -> None:
    with pytest.raises(ProtocolError, match="has no operation doForceOver"):
        service.call("doForceOver", 1)
    with pytest.raises(ProtocolError, match="wants other arguments for count"):
        service.call("count", 1, 2)
    with pytest.raises(ProtocolError, match="wants other arguments for count"):
        service.call("count")
    assert [seen.method for seen in script.seen] == ["GET"]


@pytest.mark.parametrize(
    "wsdl",
    ["<html/>", WSDL[:900], '<!DOCTYPE x [<!ENTITY a "b">]>' + WSDL.partition("?>")[2], NO_BINDING],
)
def test_a_broken_wsdl_has_no_clear_error(script: Script, wsdl: str) -> None:
    script.then(reply(200, wsdl, XML))
    service = SoapService(HttpSession(script.url, HttpOptions(), judge=judge_soap_status), "/services/T")
    with pytest.raises(MalformedAnswerError, match=r"The WSDL at .* cannot be used"):
        service.call("count", 7)


@pytest.mark.parametrize("place", ["http://127.0.0.1:9/evil.xsd", "file:///etc/passwd"])
def test_a_wsdl_fetches_from_elsewhere(script: Script, place: str) -> None:
    evil = f'<xsd:import namespace="urn:evil" schemaLocation="{place}"/><xsd:element name="count">'
    script.then(reply(200, WSDL.replace('<xsd:element name="count">', evil), XML))
    service = SoapService(HttpSession(script.url, HttpOptions(), judge=judge_soap_status), "/services/T")
    with pytest.raises(ProtocolError, match="another host"):
        service.call("count", 7)


def test_a_message_shows_in_the_log(service: SoapService, script: Script, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script.then(reply(200, GOOD.replace("42", "canary"), XML), reply(200, GOOD.replace("42", "canary")[:-9], XML))
    assert service.call("count", 7) == "canary"
    with pytest.raises(MalformedAnswerError):
        service.call("count", 7)
    assert "canary" not in caplog.text
