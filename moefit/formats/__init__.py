"""What a plan, a command or a machine is written as: one file each, values in, text out."""
