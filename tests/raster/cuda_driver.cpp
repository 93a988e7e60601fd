// The part of NVIDIA's driver that backend/raster/cuda/driver.py calls, with the kernels compiled into it.
#include "cuda_on_cpu.h"
#include "kernels.cu"

#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Named {
    const char* name;
    void (*run)(Job);
};

const Named KERNELS[] = {{"prepare", prepare}, {"forward", forward}, {"backward", backward}, {"gather", gather}};
enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_IMAGE = 200, NOT_FOUND = 500, LAUNCH_FAILED = 719 };

int context, module, depth, refused;
std::string launches;

}  // namespace

// For the tests: how turns are taken, what the next launch answers instead of running, and what was launched so far.
EXPORT void machine_set(int backwards, int refuse) { machine::backwards = backwards, refused = refuse, launches.clear(); }
EXPORT const char* machine_log() { return launches.c_str(); }
EXPORT int machine_depth() { return depth; }
EXPORT int machine_job_size() { return int(sizeof(Job)); }

// What a launch answers whose first lane does not vote with the others.
EXPORT int machine_stuck() {
    const auto kernel = [] { threadIdx.x ? (void)__ballot_sync(~0u, true) : __syncthreads(); };
    return machine::run_grid({1, 1, 1}, {32, 1, 1}, kernel) ? SUCCESS : LAUNCH_FAILED;
}

EXPORT int cuInit(unsigned) { return SUCCESS; }

EXPORT int cuGetErrorString(int code, const char** text) {
    *text = code == OUT_OF_MEMORY ? "out of memory" : code == LAUNCH_FAILED ? machine::trouble : "some error";
    return SUCCESS;
}

EXPORT int cuDeviceGet(int* device, int ordinal) { return *device = ordinal, ordinal == 0 ? SUCCESS : INVALID_VALUE; }
EXPORT int cuDevicePrimaryCtxRetain(void** found, int) { return *found = &context, SUCCESS; }
EXPORT int cuCtxPushCurrent_v2(void* pushed) { return depth++, pushed == &context ? SUCCESS : INVALID_VALUE; }
EXPORT int cuCtxPopCurrent_v2(void** popped) { return depth--, *popped = &context, SUCCESS; }

EXPORT int cuModuleLoadData(void** found, const char* image) {
    *found = &module;
    return depth > 0 && !strcmp(image, "cubin") ? SUCCESS : INVALID_IMAGE;
}

EXPORT int cuModuleGetFunction(void** function, void* from, const char* name) {
    for (const Named& kernel : KERNELS)
        if (from == &module && !strcmp(kernel.name, name)) return *function = const_cast<Named*>(&kernel), SUCCESS;
    return NOT_FOUND;
}

EXPORT int cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                          unsigned shared, void* stream, void** parameters, void** extra) {
    if (depth < 1 || shared || stream || extra || !gx || !gy || !gz) return INVALID_VALUE;
    if (refused) return refused;
    const Named& kernel = *static_cast<Named*>(function);
    launches += std::string(kernel.name) + " " + std::to_string(gx) + "x" + std::to_string(gy) + "\n";
    const Job job = *static_cast<const Job*>(parameters[0]);
    return machine::run_grid({gx, gy, gz}, {bx, by, bz}, [&] { kernel.run(job); }) ? SUCCESS : LAUNCH_FAILED;
}
