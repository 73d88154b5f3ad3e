"""The kinds of bills that are read from Kingdee, and the names of their fields."""

from pydantic import Field, field_validator

from connectors.options import Options

VOUCHER = "GL_VOUCHER"


class Bills(Options):
    """One kind of bill, and what to read of it. Field names are those of FieldKeys, which differ from those of View."""

    form: str = Field(description="FormId")
    id: str = Field(default="FID", description="Field with the bill's number inside Kingdee")
    line: str | None = Field(default=None, description="Field with the line's; none for what has no lines")
    changed: tuple[str, ...] = Field(
        default=("FModifyDate", "FApproveDate"),
        min_length=1,
        description="Fields with the times of the last change and of the audit, which need not move the first",
    )
    fields: tuple[str, ...] = Field(min_length=1, description="The other fields to read, dots go down into other records")
    audited_only: bool = Field(default=True, description="Leave out what is not audited (FDocumentStatus C)")
    filter: str = Field(default="", description="What else must hold, in Kingdee's filter language")

    @field_validator("fields")
    @classmethod
    def _apart(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        for name in fields:
            if any(other.startswith(f"{name}.") for other in fields):
                raise ValueError(f"{name} is asked for by itself and with a part of it")
        return fields

    @property
    def key(self) -> tuple[str, ...]:
        """What identifies a line of this form."""
        return (self.id, self.line) if self.line else (self.id,)

    @property
    def columns(self) -> tuple[str, ...]:
        """All that is read of a line."""
        return (*self.changed, *self.key, *self.fields)


STREAMS = {
    "vouchers": Bills(
        form=VOUCHER,
        id="FVOUCHERID",
        line="FEntity_FEntryID",
        changed=("FModifyDate", "FAuditDate"),
        fields=(
            "FAccountBookID.FNumber", "FBillNo", "FDate", "FBUSDATE", "FYEAR", "FPERIOD", "FEntity_FEntrySeq", "FEXPLANATION",
            "FACCOUNTID.FNumber", "FCURRENCYID.FNumber", "FAMOUNTFOR", "FDEBIT", "FCREDIT", "FDetailID.FFLEX4.FNumber",
            "FDetailID.FFLEX5.FNumber",
        ),
    ),
    "payables": Bills(
        form="AP_Payable",
        line="FEntityDetail_FEntryID",
        fields=(
            "FSETTLEORGID.FNumber", "FBillNo", "FDATE", "FSUPPLIERID.FNumber", "FCURRENCYID.FNumber", "FCOSTID.FNumber",
            "FMATERIALID.FNumber", "FNoTaxAmountFor_D", "FTAXAMOUNTFOR_D", "FCOMMENT",
        ),
    ),
    "expenses": Bills(
        form="ER_ExpReimbursement",
        line="FEntity_FEntryID",
        fields=("FOrgID.FNumber", "FBillNo", "FDate", "FCausa", "FCurrencyID.FNumber", "FExpID.FNumber", "FExpenseAmount"),
        filter="FCancelStatus='A'",
    ),
    "orders": Bills(
        form="PUR_PurchaseOrder",
        line="FPOOrderEntry_FEntryID",
        fields=(
            "FPurchaseOrgId.FNumber", "FBillNo", "FDate", "FSupplierId.FNumber", "FSettleCurrId.FNumber", "FMaterialId.FNumber",
            "FEntryAmount", "FEntryNote", "FMRPCloseStatus",
        ),
        filter="FCancelStatus='A'",
    ),
    "suppliers": Bills(form="BD_Supplier", id="FSupplierId", fields=("FNumber", "FName")),
}  # fmt: skip
"""What a data centre without changes of its own offers. Names are confirmed for some versions only: `check` tries them all."""
