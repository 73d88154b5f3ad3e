"""The WSDL of the sandbox's WorkflowService, made from short tables of its operations and types.

Two namespaces as on the real one: the service's, without a scheme, and that of its types.
"""

from collections.abc import Iterator, Mapping

SERVICE_NS = "webservices.services.weaver.com.cn"
TYPES_NS = "http://webservices.workflow.weaver"
LISTINGS = ("All", "My", "ToDo", "Hendled", "Processed", "CC")
"""Hendled is the vendor's spelling."""
INT, STRING, STRINGS = "xsd:int", "xsd:string", "tns:ArrayOfString"
INFO, INFOS = "ns:WorkflowRequestInfo", "ns:ArrayOfWorkflowRequestInfo"

OPERATIONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "doCreateWorkflowRequest": ((INFO, INT), STRING),
    "getWorkflowRequest": ((INT, INT, INT), INFO),
    **{f"get{name}WorkflowRequestCount": ((INT, STRINGS), INT) for name in LISTINGS},
    **{f"get{name}WorkflowRequestList": ((INT, INT, INT, INT, STRINGS), INFOS) for name in LISTINGS},
}
BOOLEAN = "xsd:boolean"
TYPES: Mapping[str, Mapping[str, str]] = {
    "WorkflowRequestInfo": {
        **dict.fromkeys(("canEdit", "canView"), BOOLEAN),
        **dict.fromkeys(("createTime", "creatorId", "creatorName", "currentNodeId", "currentNodeName"), STRING),
        **dict.fromkeys(("forwardButtonName", "lastOperateTime", "lastOperatorName", "messageType"), STRING),
        **dict.fromkeys(("mustInputRemark", "needAffirmance"), BOOLEAN),
        **dict.fromkeys(("receiveTime", "rejectButtonName", "remark", "requestId", "requestLevel", "requestName"), STRING),
        **dict.fromkeys(("status", "subbackButtonName", "submitButtonName", "subnobackButtonName"), STRING),
        "workflowBaseInfo": "ns:WorkflowBaseInfo",
        "workflowDetailTableInfos": "ns:ArrayOfWorkflowDetailTableInfo",
        "workflowHtmlShow": STRINGS,
        "workflowHtmlTemplete": STRINGS,
        "workflowMainTableInfo": "ns:WorkflowMainTableInfo",
        "workflowRequestLogs": "ns:ArrayOfWorkflowRequestLog",
    },
    "WorkflowBaseInfo": dict.fromkeys(("workflowId", "workflowName", "workflowTypeId", "workflowTypeName"), STRING),
    "WorkflowMainTableInfo": {"requestRecords": "ns:ArrayOfWorkflowRequestTableRecord", "tableDBName": STRING},
    "WorkflowDetailTableInfo": {
        **dict.fromkeys(("tableDBName", "tableFieldName", "tableTitle"), STRING),
        "workflowRequestTableRecords": "ns:ArrayOfWorkflowRequestTableRecord",
    },
    "WorkflowRequestTableRecord": {
        "recordOrder": INT,
        "workflowRequestTableFields": "ns:ArrayOfWorkflowRequestTableField",
    },
    "WorkflowRequestTableField": {
        "browserurl": STRING,
        "edit": BOOLEAN,
        **dict.fromkeys(("fieldDBType", "fieldFormName", "fieldHtmlType", "fieldId", "fieldName"), STRING),
        "fieldOrder": INT,
        **dict.fromkeys(("fieldShowName", "fieldShowValue", "fieldType", "fieldValue", "filedHtmlShow"), STRING),
        "mand": BOOLEAN,
        **dict.fromkeys(("selectnames", "selectvalues"), STRINGS),
        "view": BOOLEAN,
    },
    "WorkflowRequestLog": {
        **dict.fromkeys(("agentor", "agentorDept", "annexDocHtmls", "id", "nodeId", "nodeName", "operateDate"), STRING),
        **dict.fromkeys(("operateTime", "operateType", "operatorDept", "operatorId", "operatorName"), STRING),
        **dict.fromkeys(("operatorSign", "receivedPersons", "remark", "remarkSign"), STRING),
        **dict.fromkeys(("signDocHtmls", "signWorkFlowHtmls"), STRING),
    },
}
"""Fields in the order of the wire; Templete and filed are the vendor's spelling."""


def wsdl(address: str) -> str:
    """The whole document, for a service that answers at ``address``."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions targetNamespace="{SERVICE_NS}" xmlns:tns="{SERVICE_NS}" xmlns:ns="{TYPES_NS}"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:wsdlsoap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<wsdl:types>
<xsd:schema targetNamespace="{TYPES_NS}" elementFormDefault="qualified">
<xsd:import namespace="{SERVICE_NS}"/>
{"".join(_types())}</xsd:schema>
<xsd:schema targetNamespace="{SERVICE_NS}" elementFormDefault="qualified">
<xsd:import namespace="{TYPES_NS}"/>
<xsd:complexType name="ArrayOfString"><xsd:sequence>
<xsd:element name="string" type="xsd:string" nillable="true" minOccurs="0" maxOccurs="unbounded"/>
</xsd:sequence></xsd:complexType>
{"".join(_elements())}</xsd:schema>
</wsdl:types>
{"".join(_messages())}
<wsdl:portType name="WorkflowServicePortType">{"".join(_ports())}</wsdl:portType>
<wsdl:binding name="WorkflowServiceHttpBinding" type="tns:WorkflowServicePortType">
<wsdlsoap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
{"".join(_bindings())}</wsdl:binding>
<wsdl:service name="WorkflowService"><wsdl:port name="WorkflowServiceHttpPort" binding="tns:WorkflowServiceHttpBinding">
<wsdlsoap:address location="{address}"/></wsdl:port></wsdl:service>
</wsdl:definitions>"""


def _types() -> Iterator[str]:
    for name, fields in TYPES.items():
        yield _complex("".join(map(_field, fields.items())), name)
        items = f'type="ns:{name}" nillable="true" minOccurs="0" maxOccurs="unbounded"'
        yield _complex(f'<xsd:element name="{name}" {items}/>', f"ArrayOf{name}")


def _complex(fields: str, name: str = "") -> str:
    named = f' name="{name}"' if name else ""
    return f"<xsd:complexType{named}><xsd:sequence>{fields}</xsd:sequence></xsd:complexType>"


def _field(field: tuple[str, str]) -> str:
    return f'<xsd:element name="{field[0]}" type="{field[1]}" minOccurs="0" nillable="true"/>'


def _elements() -> Iterator[str]:
    for name, (parameters, result) in OPERATIONS.items():
        given = {f"in{number}": kind for number, kind in enumerate(parameters)}
        for element, fields in ((name, given), (f"{name}Response", {"out": result})):
            required = (f'<xsd:element name="{field}" type="{kind}" nillable="true"/>' for field, kind in fields.items())
            yield f'<xsd:element name="{element}">{_complex("".join(required))}</xsd:element>'


def _messages() -> Iterator[str]:
    for name in OPERATIONS:
        for kind, element in (("Request", name), ("Response", f"{name}Response")):
            yield f'<wsdl:message name="{name}{kind}"><wsdl:part name="parameters" element="tns:{element}"/></wsdl:message>'


def _ports() -> Iterator[str]:
    for name in OPERATIONS:
        messages = f'<wsdl:input message="tns:{name}Request"/><wsdl:output message="tns:{name}Response"/>'
        yield f'<wsdl:operation name="{name}">{messages}</wsdl:operation>'


def _bindings() -> Iterator[str]:
    body = '<wsdlsoap:body use="literal"/>'
    for name in OPERATIONS:
        action = f"urn:weaver.workflow.webservices.WorkflowService.{name}"
        yield f'<wsdl:operation name="{name}"><wsdlsoap:operation soapAction="{action}"/>'
        yield f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation>"
