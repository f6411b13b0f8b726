// The one file that sees PyTorch's own Python headers, which are slow to compile.
#include <torch/csrc/autograd/python_variable.h>

namespace likewise::python {

PyObject* wrap_tensor(const at::Tensor& x) {
  if (!x.defined()) Py_RETURN_NONE;
  return THPVariable_Wrap(x);
}

bool unwrap_tensor(PyObject* object, at::Tensor& x) {
  if (object == Py_None) {
    x = at::Tensor();
    return true;
  }
  if (!THPVariable_Check(object)) return false;
  x = THPVariable_Unpack(object);
  return true;
}

}  // namespace likewise::python
