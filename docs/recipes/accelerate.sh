#!/bin/bash
# On the first machine: bash accelerate.sh 0 ADDRESS. On the second: bash accelerate.sh 1 ADDRESS.
# ADDRESS is that of the first machine; num_processes counts the processes of both.
accelerate launch --multi_gpu --num_machines 2 --num_processes 2 \
    --machine_rank "$1" --main_process_ip "$2" --main_process_port 29500 \
    --mixed_precision no --dynamo_backend no \
    my_script.py
