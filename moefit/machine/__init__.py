"""The machine: local GPUs, RAM, CPU and links; declared machines."""
