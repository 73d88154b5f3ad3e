"""What stands beside the figures in the month's workbook, in Chinese and English: headings, notes, differences."""

Words = tuple[str, str]
"""The same in Chinese and in English."""

BATCH_HEADS: tuple[Words, ...] = (
    ("批次号", "Batch no."),
    ("行数", "Lines"),
    ("编制", "Prepared by"),
    ("放行及理由", "Released by, and why"),
    ("放行前提示", "What the gate found"),
    ("内容哈希", "Content hash"),
)

_AMOUNTS: tuple[Words, ...] = (("成本行合计", "Cost lines"), ("总账发生额", "General ledger"), ("差额", "Difference"))

BENEATH: tuple[tuple[Words, tuple[Words, ...], str], ...] = (
    (
        ("成本行 × 总账", "Cost lines × general ledger"),
        (("科目", "Account"), ("币种", "Currency"), *_AMOUNTS),
        """
        SELECT account, currency, lines_amount, balance_amount, difference FROM mart.reconciliation
        WHERE entity = :entity AND period = :period AND lines_amount IS NOT NULL ORDER BY 1, 2""",
    ),
    (
        ("已推送 × 当前事实(按归属期间)", "Published × the facts as they are now (by the facts' period)"),
        (
            ("阶段", "Stage"),
            ("币种", "Currency"),
            ("已推送", "Published"),
            ("当前事实", "Facts now"),
            ("待推送", "To be published"),
        ),
        """
        SELECT stage, currency, coalesce(published.amount, 0), coalesce(facts.amount, 0),
               coalesce(facts.amount, 0) - coalesce(published.amount, 0)
        FROM (SELECT stage, currency, sum(amount) AS amount FROM mart.published_cost
              WHERE entity = :entity AND facts_period = :period GROUP BY 1, 2) published
        FULL JOIN (SELECT stage, currency, sum(amount) AS amount FROM mart.cost_line_detail
                   WHERE entity = :entity AND period = :period GROUP BY 1, 2) facts USING (stage, currency)
        ORDER BY 1, 2""",
    ),
    (
        ("不一致的工单与成本行", "Tickets and lines that do not agree"),
        (
            ("结果", "Result"),
            ("项目", "Project"),
            ("工单号", "Ticket"),
            ("来源系统", "Source"),
            ("来源行", "Source line"),
            ("币种", "Currency"),
            ("工单批准", "Approved by tickets"),
            ("ERP入账", "Booked in the ERP"),
            ("差额", "Difference"),
        ),
        """
        SELECT kind, project_code, ticket_no, source_system, source_id, currency, tickets_amount, erp_amount, difference
        FROM mart.ticket_reconciliation
        WHERE entity = :entity AND period = :period AND kind NOT IN ('MATCHED', 'UNSTATED')
        ORDER BY kind, project_code, ticket_no, source_id""",
    ),
)

NOTES: tuple[tuple[Words, Words], ...] = (
    (
        ("数据来源", "Where it comes from"),
        (
            "本月全部已封存批次的行;封存后永不改变。对账页为最近一次推送前的对账结果。",
            "All lines of the month's sealed batches, which never change. The reconciliation was made before the last batch.",
        ),
    ),
    (
        ("金额", "Amounts"),
        (
            "按成本口径(进项税可抵扣为不含税,否则含税),本位币;各阶段、各币种不得相加。",
            "By the line's cost basis (net where input tax is deducted, else gross), in the entity's currency; never add "
            "stages or currencies.",
        ),
    ),
    (
        ("已收回与净额", "Recovered, and net"),
        (
            "本月收到的追偿款(索赔、确认不计入),按当前事实;成本为总额,净额 = 实际成本 − 已收回。",
            "What was received in the month (claimed and agreed do not count), as known now; costs are gross, net is the "
            "actual cost less what was received.",
        ),
    ),
    (
        ("调整", "Adjustments"),
        (
            "归属期间与本月不同的行为对已关账期间的调整;类型为冲销者,“更正行”指明其冲销的行。",
            "A line whose period is another one adjusts a closed period; a reversal names the line that it takes back.",
        ),
    ),
    (
        ("元/㎡", "Cost per m²"),
        (
            "本月实际成本 ÷ 建筑面积。分母为主数据中该项目全部楼栋(或该楼栋)的建筑面积,列于左侧;"
            "合计为本月有成本的项目之和。未年化。",
            "The month's actual cost over gross floor area: that of all buildings of the project (or of the building) in the "
            "master data, beside it; in the total, of the projects with a cost this month. Not annualised.",
        ),
    ),
    (
        ("从数字到凭证", "From a figure to its voucher"),
        (
            "在“明细”页按该行的编号筛选(如楼栋:项目+楼栋),筛选后的金额合计即为该数字;每行列出凭证、工单、审批与构件。",
            "Filter the sheet Lines by the codes of the figure's row (for a building: project and building): what remains sums "
            "to the figure, and each line names voucher, ticket, approval and element.",
        ),
    ),
    (
        ("未关联", "Not linked"),
        (
            "UNLINKED 为未找到唯一工单的成本行,不丢弃、不分摊。",
            "UNLINKED: no single ticket could be found; such a line is neither dropped nor spread.",
        ),
    ),
)
