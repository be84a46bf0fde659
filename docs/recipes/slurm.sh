#!/bin/bash
#SBATCH --job-name=kit
#SBATCH --nodes=2              # two machines
#SBATCH --ntasks-per-node=1    # one torchrun on each; it starts the processes
#SBATCH --gpus-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=01:00:00

# The first machine is where all processes meet.
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
# A port that another job on the same machine does not have.
port=$((20000 + SLURM_JOB_ID % 10000))

srun torchrun \
    --nnodes "$SLURM_NNODES" --nproc-per-node 1 \
    --rdzv-backend c10d --rdzv-id "$SLURM_JOB_ID" --rdzv-endpoint "$first:$port" \
    my_script.py
