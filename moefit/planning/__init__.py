"""The core: plan(model, machine, launch, options) -> Plan, a pure function."""
