"""The SOAP session that all SOAP connectors share: zeep on our HTTP session, by the WSDL of the customer's own system.

Imported only by connectors that need it: zeep takes a while to load.
"""

from functools import cached_property
from typing import Any

import zeep
from lxml import etree
from zeep.exceptions import Fault, ValidationError
from zeep.helpers import serialize_object
from zeep.proxy import ServiceProxy
from zeep.wsdl.bindings.soap import Soap11Binding

from connectors.answers import Answer, judge_status
from connectors.http import HttpSession
from warranty_hub.errors import BusinessError, HubError, MalformedAnswerError, ProtocolError, RetryableError

SETTINGS = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True, xml_huge_tree=False)
FAULT = "{http://schemas.xmlsoap.org/soap/envelope/}Fault"
LONGEST_FAULT_TEXT = 200  # what is for people stands first; some servers let a stack trace follow


class SoapService:
    """One SOAP 1.1 service, called at ``path`` and described by the WSDL at ``path?wsdl``, which is loaded once.

    The address inside the WSDL is not used: it often is the server's own name for itself. ``http`` must judge by
    `judge_soap_status`, which leaves faults to this class.
    """

    def __init__(self, http: HttpSession, path: str) -> None:
        self._http = http
        self._address = http.base_url + path

    def call(self, operation: str, *arguments: Any, idempotent: bool = True) -> Any:
        """Call an operation with its arguments in the WSDL's order; returns plain dicts, lists, texts and numbers.

        Raises BusinessError for a fault that blames our request, RetryableError for one that blames the server.
        """
        operations = self._operations
        return self._http.repeat(lambda: self._attempt(operations, operation, arguments), idempotent=idempotent)

    @cached_property
    def _operations(self) -> ServiceProxy:
        return self._http.repeat(self._load)

    def _load(self) -> ServiceProxy:
        try:
            client = zeep.Client(
                self._address + "?wsdl", transport=_Transport(self._http), settings=SETTINGS, plugins=[_RightAnswer()]
            )
        except (zeep.exceptions.Error, etree.LxmlError) as error:
            reason = type(error).__name__
        else:
            ports = [port for service in client.wsdl.services.values() for port in service.ports.values()]
            bindings = [port.binding for port in ports if isinstance(port.binding, Soap11Binding)]
            if bindings:
                return client.create_service(str(bindings[0].name), self._address)
            reason = "it has no SOAP 1.1 binding"
        raise MalformedAnswerError(f"The WSDL at {self._address} cannot be used ({reason})")

    def _attempt(self, operations: ServiceProxy, operation: str, arguments: tuple[Any, ...]) -> Any:
        call = f"{operation} at {self._address}"
        if operation not in dict(operations):
            raise ProtocolError(f"The WSDL at {self._address} has no operation {operation}")
        try:
            return serialize_object(operations[operation](*arguments), dict)
        except (ValidationError, TypeError) as error:
            failure: HubError = ProtocolError(f"The WSDL at {self._address} wants other arguments for {operation}: {error}")
        except Fault as fault:
            failure = _explain(fault, call)
        except (zeep.exceptions.Error, etree.LxmlError) as error:
            failure = MalformedAnswerError(f"The answer to {call} cannot be read ({type(error).__name__})")
        raise failure  # outside of the handlers: zeep's own error repeats the whole answer


class _Transport(zeep.Transport):  # type: ignore[misc]
    """Lets zeep load and post through our session: our host only, our time-outs, no message in any log."""

    def __init__(self, http: HttpSession) -> None:
        super().__init__()
        self._http = http

    def load(self, url: str) -> bytes:
        """A WSDL or a schema it imports."""
        answer = self._http.exchange(self._http.request("GET", url))
        answer.expect("xml")
        return answer.content

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> Answer:
        """One SOAP call."""
        answer = self._http.exchange(self._http.request("POST", address, headers=headers, data=message))
        answer.expect("xml")
        return answer


class _RightAnswer(zeep.Plugin):  # type: ignore[misc]
    """zeep takes whatever stands in the body for the answer, and reads an empty one out of it."""

    def ingress(self, envelope: etree._Element, http_headers: Any, operation: Any) -> tuple[etree._Element, Any]:
        """Look at an answer before zeep does."""
        found = [child.tag for child in envelope.iterfind("{*}Body/*")]
        if not found or found[0] not in (operation.output.body.qname.text, FAULT):
            raise MalformedAnswerError(f"The answer to {operation.name} is not an answer to it")
        return envelope, http_headers


def judge_soap_status(answer: Answer) -> None:
    """A fault comes with status 500 (SOAP 1.1, 6.2); everything else is plain HTTP."""
    if answer.status_code != 500 or b"Fault" not in answer.content:
        judge_status(answer)


def _explain(fault: Fault, call: str) -> HubError:
    """By the fault's class (SOAP 1.1, 4.4.1): Client blames the request, Server may do better later."""
    code = (fault.code or "").rpartition(":")[2]
    message = f"{call} failed: {(fault.message or 'no reason given')[:LONGEST_FAULT_TEXT]} (fault {code or 'without a code'})"
    if code.startswith("Client"):
        return BusinessError(message, reply_code=code)
    if code in ("VersionMismatch", "MustUnderstand"):
        return ProtocolError(message)
    return RetryableError(message)
