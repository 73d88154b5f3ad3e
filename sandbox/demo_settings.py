"""The demo's hub.yaml: the sandbox systems, the workbooks kept by hand, the sample building's models, and the user's own."""

from pathlib import Path

import yaml

from sandbox.group import COMPANY_CODES, GROUP_NAME
from sandbox.history import COST_ACCOUNT, WORKFLOW

OA_USER = 7
_BY_TIME: dict[str, object] = {"key": ["id"], "cursor": "update_time"}
_STREAMS: dict[str, tuple[str, dict[str, object], str]] = {  # stream: (table, how it is read, job)
    "orgs": ("t_org", {"key": ["org_no"]}, "masters"),
    "projects": ("t_project", {"key": ["project_no"]}, "masters"),
    "buildings": ("t_building", {"key": ["id"]}, "masters"),
    "dwellings": ("t_house", {"key": ["id"]}, "masters"),
    "parties": ("t_company", {"key": ["company_no"]}, "masters"),
    "contracts": ("t_contract", {"key": ["contract_no"]}, "masters"),
    "persons": ("t_customer", {"key": ["id"]}, "masters"),
    "tickets": ("t_repair_order", _BY_TIME, "tickets"),
    "ticket_events": ("t_repair_log", _BY_TIME, "tickets"),
    "responsibilities": ("t_duty", _BY_TIME, "tickets"),
    "repair_plans": ("t_repair_plan", _BY_TIME, "tickets"),
}
_RECOVERIES: dict[str, object] = {
    "line_no": ["行号"],
    "recovery_no": ["追偿编号"],
    "kind": ["类型"],
    "step": ["步骤"],
    "amount": {"headers": ["金额"], "kind": "amount"},
    "day": {"headers": ["日期"], "kind": "time"},
    "company": {"headers": ["公司代码"], "kind": "code"},
    "party": {"headers": ["被追偿方"], "kind": "code"},
    "order_no": {"headers": ["工单号"], "kind": "code"},
    "project": {"headers": ["项目"], "kind": "code"},
    "cost_document": {"headers": ["成本凭证号"], "kind": "code"},
    "document_no": ["文件号"],
    "approval_id": {"headers": ["审批单号"], "kind": "code"},
}


def write_settings(path: Path, database: str, models: dict[str, dict[str, str]]) -> None:
    """Write hub.yaml. ``models`` are its entries of that name; paths are relative to the file."""
    oa = {"user_id": OA_USER}
    settings = {
        "database": database,
        "mode": "demo",
        "organisation": {"name": GROUP_NAME, "zone": "Asia/Shanghai", "currency": "CNY"},
        "sources": {
            "wms": {
                "system": "sql_tickets",
                "connection": "wms",
                "options": {"streams": {name: {"table": table, **how} for name, (table, how, _) in _STREAMS.items()}},
                "streams": {name: {"map": f"wms_{name}", "job": job} for name, (_, _, job) in _STREAMS.items()},
            },
            "sap": {
                "system": "sap_s4",
                "connection": "sap_s4",
                "options": {
                    "reads": ["cost_lines", "balances", "purchase_orders"],
                    "company_codes": list(COMPANY_CODES),
                    "accounts": [COST_ACCOUNT],
                },
                "streams": {
                    "cost_lines": {"map": "sap_cost_lines", "job": "costs"},
                    "balances": {"map": "sap_balances", "job": "costs"},
                    "purchase_orders": {"map": "sap_purchase_orders", "job": "costs"},
                },
            },
            "calendar": {
                "system": "masters_xlsx",
                "connection": "masters",
                "options": {"file": "calendar.xlsx"},
                "streams": {"periods": {"map": "masters_periods", "job": "costs"}},
            },
            "desk": {
                "system": "ledger",
                "connection": "ledgers",
                "safety": "PT0S",  # nobody is still writing it
                "options": {"streams": {"recoveries": {"key": ["line_no"], "columns": _RECOVERIES}}},
                "streams": {"recoveries": {"map": "ledger_recoveries", "job": "costs"}},
            },
            "oa": {
                "system": "weaver",
                "connection": "weaver",
                "options": {**oa, "workflow_ids": [WORKFLOW]},
                "streams": {"approvals": {"map": "weaver_approvals", "job": "approvals"}},
            },
        },
        "sinks": {
            "oa": {
                "system": "weaver",
                "connection": "weaver",
                "kinds": ["submit_plan"],
                "options": {**oa, "workflow_id": WORKFLOW},
            }
        },
        "models": models,
        "publish_to": "published",
    }
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
