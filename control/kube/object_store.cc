#include "control/kube/object_store.h"

#include <utility>

namespace sallyport::kube {

ObjectName service_of(const Object& slice) {
  return {slice.name.space, slice.as<EndpointSlice>().service};
}

ObjectPtr ObjectStore::put(Kind kind, const ObjectName& name, ObjectPtr object) {
  ObjectPtr before = share(kind, name);
  if (before) index(before, false);
  if (object) {
    index(object, true);
    of(kind)[name] = std::move(object);
  } else {
    of(kind).erase(name);
  }
  return before;
}

void ObjectStore::index(const ObjectPtr& slice, bool there) {
  if (slice->kind() != Kind::EndpointSlice) return;
  ObjectName service = service_of(*slice);
  if (there) {
    slices_[service].insert(slice->name);
    return;
  }
  auto& names = slices_[service];
  names.erase(slice->name);
  if (names.empty()) slices_.erase(service);
}

const Object* ObjectStore::find(Kind kind, const ObjectName& name) const {
  auto found = all(kind).find(name);
  return found == all(kind).end() ? nullptr : found->second.get();
}

ObjectPtr ObjectStore::share(Kind kind, const ObjectName& name) const {
  auto found = all(kind).find(name);
  return found == all(kind).end() ? nullptr : found->second;
}

std::vector<const Object*> ObjectStore::slices(const ObjectName& service) const {
  std::vector<const Object*> list;
  auto found = slices_.find(service);
  if (found == slices_.end()) return list;
  for (const ObjectName& name : found->second) list.push_back(find(Kind::EndpointSlice, name));
  return list;
}

}  // namespace sallyport::kube
