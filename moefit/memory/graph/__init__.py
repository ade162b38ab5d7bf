"""One forward pass as llama.cpp builds it, schedules it and allocates it: the size of the compute buffers.

`nodes` is a small ggml, `blocks` and its neighbours are llama.cpp's building blocks, `architectures` says which model
uses which, `schedule` assigns nodes to backends and `allocate` replays the graph allocator. Nothing is computed and
nothing allocated: only shapes are followed.
"""
