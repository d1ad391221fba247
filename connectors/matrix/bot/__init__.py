"""The operator's account on Matrix where there is no appservice: one bot, which speaks for everybody.

It reads and speaks as anybody's own account does (`connectors.matrix.session`), in the rooms that it is asked into
(`session`); what it says bears whose words they are (`profiles`).
"""
