// TensorFlow's C API for Node: a session whose graph grows, run with typed arrays.
// Compiled by `rlpc backend install` against the headers and libraries of pip's wheel. Does not know what the graphs mean;
// throws JavaScript errors with TensorFlow's own messages.

#include <node_api.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "tensorflow/c/c_api.h"

namespace {

/** An exception of JavaScript is pending, or becomes one at the border. */
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  throw Failure(info != nullptr && info->error_message != nullptr ? info->error_message : "Node-API refused a value");
}

class Status {
 public:
  Status() : status_(TF_NewStatus()) {}
  ~Status() { TF_DeleteStatus(status_); }
  operator TF_Status*() { return status_; }
  void check() const {
    if (TF_GetCode(status_) != TF_OK) throw Failure(TF_Message(status_));
  }

 private:
  TF_Status* status_;
};

/** Tensors that are freed at the end, whatever happens. */
struct Tensors : std::vector<TF_Tensor*> {
  using std::vector<TF_Tensor*>::vector;
  ~Tensors() {
    for (TF_Tensor* tensor : *this)
      if (tensor != nullptr) TF_DeleteTensor(tensor);
  }
};

struct Session {
  TF_Graph* graph = TF_NewGraph();
  TF_Session* session = nullptr;
  ~Session() {
    if (session != nullptr) {
      Status status;
      TF_CloseSession(session, status);
      TF_DeleteSession(session, status);
    }
    TF_DeleteGraph(graph);
  }
};

std::string text(napi_env env, napi_value value) {
  size_t length = 0;
  check(env, napi_get_value_string_utf8(env, value, nullptr, 0, &length));
  std::string result(length, '\0');
  check(env, napi_get_value_string_utf8(env, value, &result[0], length + 1, &length));
  return result;
}

uint32_t lengthOf(napi_env env, napi_value list) {
  uint32_t length = 0;
  check(env, napi_get_array_length(env, list, &length));
  return length;
}

napi_value element(napi_env env, napi_value list, uint32_t index) {
  napi_value value;
  check(env, napi_get_element(env, list, index, &value));
  return value;
}

struct Bytes {
  void* data = nullptr;
  size_t length = 0;
};

/** The bytes of any typed array. */
Bytes bytes(napi_env env, napi_value array) {
  napi_typedarray_type type;
  size_t elements = 0;
  Bytes found;
  check(env, napi_get_typedarray_info(env, array, &type, &elements, &found.data, nullptr, nullptr));
  const bool wide = type == napi_float32_array || type == napi_int32_array || type == napi_uint32_array;
  found.length = elements * (wide ? 4 : type == napi_uint16_array ? 2 : 1);
  return found;
}

Session* sessionOf(napi_env env, napi_value value) {
  void* found = nullptr;
  check(env, napi_get_value_external(env, value, &found));
  return static_cast<Session*>(found);
}

/** `name` or `name:output`. */
TF_Output outputOf(Session* session, const std::string& place) {
  const size_t colon = place.rfind(':');
  const std::string name = place.substr(0, colon);
  TF_Operation* operation = TF_GraphOperationByName(session->graph, name.c_str());
  if (operation == nullptr) throw Failure("there is no node " + name);
  return {operation, colon == std::string::npos ? 0 : std::stoi(place.substr(colon + 1))};
}

/** open(config: bytes of a ConfigProto): session */
napi_value Open(napi_env env, std::vector<napi_value>& arguments) {
  const Bytes config = bytes(env, arguments.at(0));
  Session* session = new Session();
  TF_SessionOptions* options = TF_NewSessionOptions();
  Status status;
  TF_SetConfig(options, config.data, config.length, status);
  if (TF_GetCode(status) == TF_OK) session->session = TF_NewSession(session->graph, options, status);
  TF_DeleteSessionOptions(options);
  if (TF_GetCode(status) != TF_OK) {
    delete session;
    status.check();
  }
  napi_value result;
  check(env, napi_create_external(env, session, nullptr, nullptr, &result));
  return result;
}

/** close(session): the session must not be used again. */
napi_value Close(napi_env env, std::vector<napi_value>& arguments) {
  delete sessionOf(env, arguments.at(0));
  return nullptr;
}

/** extend(session, graph: bytes of a GraphDef): its nodes and functions join those that are there. */
napi_value Extend(napi_env env, std::vector<napi_value>& arguments) {
  Session* session = sessionOf(env, arguments.at(0));
  const Bytes graph = bytes(env, arguments.at(1));
  TF_Buffer* buffer = TF_NewBufferFromString(graph.data, graph.length);
  TF_ImportGraphDefOptions* options = TF_NewImportGraphDefOptions();
  Status status;
  TF_GraphImportGraphDef(session->graph, buffer, options, status);
  TF_DeleteImportGraphDefOptions(options);
  TF_DeleteBuffer(buffer);
  status.check();
  return nullptr;
}

TF_Tensor* tensorOf(napi_env env, napi_value dtype, napi_value shape, napi_value data) {
  int32_t type = 0;
  check(env, napi_get_value_int32(env, dtype, &type));
  std::vector<int64_t> sizes(lengthOf(env, shape));
  size_t length = TF_DataTypeSize(static_cast<TF_DataType>(type));
  for (uint32_t axis = 0; axis < sizes.size(); axis++) {
    check(env, napi_get_value_int64(env, element(env, shape, axis), &sizes[axis]));
    length *= sizes[axis];
  }
  const Bytes source = bytes(env, data);
  if (source.length != length) throw Failure("a tensor of " + std::to_string(length) + " bytes was given " + std::to_string(source.length));
  TF_Tensor* tensor = TF_AllocateTensor(static_cast<TF_DataType>(type), sizes.data(), static_cast<int>(sizes.size()), length);
  if (length > 0) std::memcpy(TF_TensorData(tensor), source.data, length);
  return tensor;
}

napi_value arrayOf(napi_env env, const TF_Tensor* tensor) {
  const TF_DataType type = TF_TensorType(tensor);
  const size_t length = TF_TensorByteSize(tensor);
  void* data = nullptr;
  napi_value buffer;
  check(env, napi_create_arraybuffer(env, length, &data, &buffer));
  if (length > 0) std::memcpy(data, TF_TensorData(tensor), length);
  const napi_typedarray_type array = type == TF_FLOAT ? napi_float32_array : type == TF_INT32 ? napi_int32_array : type == TF_UINT32 ? napi_uint32_array : type == TF_BFLOAT16 || type == TF_HALF ? napi_uint16_array : napi_uint8_array;
  napi_value result;
  check(env, napi_create_typedarray(env, array, length / TF_DataTypeSize(type), buffer, 0, &result));
  return result;
}

/** run(session, feeds: [place, dtype, shape, data][], fetches: place[], targets: name[]): typed arrays, one for each fetch. */
napi_value Run(napi_env env, std::vector<napi_value>& arguments) {
  Session* session = sessionOf(env, arguments.at(0));
  std::vector<TF_Output> inputs, outputs;
  std::vector<const TF_Operation*> targets;
  Tensors given, found(lengthOf(env, arguments.at(2)), nullptr);
  for (uint32_t i = 0; i < lengthOf(env, arguments.at(1)); i++) {
    const napi_value feed = element(env, arguments.at(1), i);
    inputs.push_back(outputOf(session, text(env, element(env, feed, 0))));
    given.push_back(tensorOf(env, element(env, feed, 1), element(env, feed, 2), element(env, feed, 3)));
  }
  for (uint32_t i = 0; i < found.size(); i++) outputs.push_back(outputOf(session, text(env, element(env, arguments.at(2), i))));
  for (uint32_t i = 0; i < lengthOf(env, arguments.at(3)); i++) targets.push_back(outputOf(session, text(env, element(env, arguments.at(3), i))).oper);

  Status status;
  TF_SessionRun(session->session, nullptr, inputs.data(), given.data(), static_cast<int>(inputs.size()), outputs.data(), found.data(), static_cast<int>(outputs.size()), targets.data(), static_cast<int>(targets.size()), nullptr, status);
  status.check();

  napi_value result;
  check(env, napi_create_array_with_length(env, found.size(), &result));
  for (uint32_t i = 0; i < found.size(); i++) check(env, napi_set_element(env, result, i, arrayOf(env, found[i])));
  return result;
}

/** devices(session): the names that TensorFlow gives them, e.g. /job:localhost/replica:0/task:0/device:GPU:0 */
napi_value Devices(napi_env env, std::vector<napi_value>& arguments) {
  Status status;
  TF_DeviceList* list = TF_SessionListDevices(sessionOf(env, arguments.at(0))->session, status);
  status.check();
  napi_value result;
  check(env, napi_create_array(env, &result));
  for (int i = 0; i < TF_DeviceListCount(list); i++) {
    napi_value name;
    check(env, napi_create_string_utf8(env, TF_DeviceListName(list, i, status), NAPI_AUTO_LENGTH, &name));
    check(env, napi_set_element(env, result, i, name));
  }
  TF_DeleteDeviceList(list);
  return result;
}

/** version(): of the TensorFlow that was loaded. */
napi_value Version(napi_env env, std::vector<napi_value>&) {
  napi_value result;
  check(env, napi_create_string_utf8(env, TF_Version(), NAPI_AUTO_LENGTH, &result));
  return result;
}

using Function = napi_value (*)(napi_env, std::vector<napi_value>&);

/** What JavaScript calls: C++ exceptions become errors there. */
template <Function function, size_t count>
napi_value call(napi_env env, napi_callback_info info) {
  try {
    std::vector<napi_value> arguments(count);
    size_t given = count;
    check(env, napi_get_cb_info(env, info, &given, arguments.data(), nullptr, nullptr));
    return function(env, arguments);
  } catch (const std::exception& error) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

napi_value Initialise(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"open", nullptr, call<Open, 1>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"close", nullptr, call<Close, 1>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"extend", nullptr, call<Extend, 2>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"run", nullptr, call<Run, 4>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"devices", nullptr, call<Devices, 1>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"version", nullptr, call<Version, 0>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof(properties) / sizeof(properties[0]), properties);
  return exports;
}

}  // namespace

NAPI_MODULE(tensorflow, Initialise)
